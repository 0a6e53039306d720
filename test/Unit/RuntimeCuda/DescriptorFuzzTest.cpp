//===- DescriptorFuzzTest.cpp - No bytes harm the reader ------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "SplitLaunch.h"

#include <random>

using namespace fovea;
using namespace fovea::launch;

namespace {

std::string readError(const std::vector<uint8_t> &bytes) {
  std::string error;
  EXPECT_FALSE(read(bytes.data(), bytes.size(), error));
  return error;
}

TEST(Descriptor, RoundTrip) {
  std::vector<uint8_t> bytes = write(splitLaunch());
  std::string error;
  std::optional<LaunchDescriptor> again = read(bytes.data(), bytes.size(), error);
  ASSERT_TRUE(again) << error;
  EXPECT_EQ(write(*again), bytes);
  EXPECT_EQ(again->variants[0].guards[0].text, "the head dim is 64");
}

// Little endian on every machine: the head of the format, byte by byte.
TEST(Descriptor, BytesOfTheFormat) {
  LaunchDescriptor descriptor;
  descriptor.name = "ab";
  std::vector<uint8_t> expected = {'F', 'V', 'L', 'D', 2, 0, 0, 0, 38, 0, 0, 0, 2, 0, 0, 0, 'a', 'b', 1,
                                   0,   0,   0,   0,   0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0};
  EXPECT_EQ(write(descriptor), expected);
  EXPECT_EQ(readError(expected), "the launch descriptor is invalid: the number "
                                 "of variants is 0, expected 1 to 64");
}

TEST(Descriptor, EveryPrefixIsRefused) {
  std::vector<uint8_t> bytes = write(splitLaunch());
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<uint8_t> prefix(bytes.begin(), bytes.begin() + size);
    EXPECT_NE(readError(prefix), "");
    if (size < 12)
      continue;
    for (unsigned i = 0; i < 4; ++i) // also where it states its own length
      prefix[8 + i] = size >> 8 * i;
    EXPECT_NE(readError(prefix).find("at byte"), std::string::npos);
  }
  bytes.push_back(0);
  EXPECT_EQ(readError(bytes), "the launch descriptor has " + std::to_string(bytes.size()) + " bytes, expected " +
                                  std::to_string(bytes.size() - 1));
}

TEST(Descriptor, OtherVersion) {
  std::vector<uint8_t> bytes = write(splitLaunch());
  bytes[4] = 1;
  EXPECT_EQ(readError(bytes), "the launch descriptor has version 1, expected 2");
  bytes[0] = 'X';
  EXPECT_EQ(readError(bytes), "these bytes are no launch descriptor");
}

TEST(Descriptor, RandomBytes) {
  std::mt19937_64 random(7);
  std::vector<uint8_t> head = write(splitLaunch());
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bytes(random() % 300);
    for (uint8_t &byte : bytes)
      byte = random() % 4 ? random() % 3 : random();
    if (bytes.size() >= 12) {
      std::copy(head.begin(), head.begin() + 8, bytes.begin());
      for (unsigned i = 0; i < 4; ++i)
        bytes[8 + i] = bytes.size() >> 8 * i;
    }
    std::string error;
    EXPECT_EQ(read(bytes.data(), bytes.size(), error).has_value(), error.empty());
  }
}

// A program is its descriptor and its images, of any bytes; every prefix of it is refused.
TEST(Descriptor, ProgramRoundTrip) {
  Program program{splitLaunch(), {std::string("\177ELF\0 image", 11)}};
  std::vector<uint8_t> bytes = write(program);
  std::string error;
  std::optional<Program> again = readProgram(bytes.data(), bytes.size(), error);
  ASSERT_TRUE(again) << error;
  EXPECT_EQ(again->images, program.images);
  EXPECT_EQ(write(again->descriptor), write(program.descriptor));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(readProgram(bytes.data(), size, error));
  bytes[4] = 9;
  EXPECT_FALSE(readProgram(bytes.data(), bytes.size(), error));
  EXPECT_EQ(error, "the program has version 9, expected 1");
  program.images.push_back("another");
  bytes = write(program);
  EXPECT_FALSE(readProgram(bytes.data(), bytes.size(), error));
  EXPECT_EQ(error, "the program has 2 images, expected 1");
}

// What still reads is also prepared and launched, with odd arguments.
TEST(Descriptor, MutatedBytes) {
  std::mt19937_64 random(11);
  const std::vector<uint8_t> valid = write(splitLaunch());
  int prepared = 0, launched = 0;
  SplitCuda cuda;
  std::string cubin = fakeCubin("mutated");
  FoveaCudaImage image{cubin.data(), int64_t(cubin.size())};
  int64_t sizes[maxRank] = {8, 64, 1, 1, 1, 1, 1, 1};
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bytes = valid;
    for (int count = 1 + random() % 3; count > 0; --count) {
      uint8_t &byte = bytes[12 + random() % (bytes.size() - 12)];
      byte = random() % 2 ? byte ^ 1 << random() % 8 : random();
    }
    std::string error;
    std::optional<LaunchDescriptor> descriptor = read(bytes.data(), bytes.size(), error);
    if (!descriptor)
      continue;
    FoveaCudaProgram *program = nullptr;
    if (foveaCudaPrepare(bytes.data(), bytes.size(), &image, 1, &program) != 0)
      continue;
    ++prepared;
    std::vector<FoveaCudaArgument> arguments;
    for (const Argument &argument : descriptor->arguments)
      arguments.push_back({int(argument.type), argument.rank, reinterpret_cast<void *>(0x10000), sizes, sizes,
                           static_cast<int64_t>(random()) >> random() % 64, 0.5});
    launched += foveaCudaLaunch(program, arguments.data(), arguments.size(), reinterpret_cast<void *>(0x90000),
                                INT64_MAX, nullptr) == 0;
    foveaCudaReleaseProgram(program);
  }
  EXPECT_GT(prepared, 1000);
  EXPECT_GT(launched, 100);
}

} // namespace
