//===- Sha256Test.cpp - The digest against published values ---------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "Sha256.h"

#include "gtest/gtest.h"

using namespace fovea;

namespace {

std::string digestOf(const std::string &text) { return toHex(sha256(text.data(), text.size())); }

// FIPS 180-4's examples, of every way in which a message can end.
TEST(Sha256, PublishedValues) {
  EXPECT_EQ(digestOf(""), "e3b0c44298fc1c149afbf4c8996fb924"
                          "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digestOf("abc"), "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digestOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digestOf(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

} // namespace
