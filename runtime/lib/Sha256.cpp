//===- Sha256.cpp - A content's name --------------------------------------===//
//
// Part of the Fovea project. Names are those of FIPS 180-4.
//
//===----------------------------------------------------------------------===//

#include "Sha256.h"

#include <algorithm>
#include <cstring>

using namespace fovea;

static constexpr uint32_t roundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotateRight(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

static void addBlock(std::array<uint32_t, 8> &hash, const uint8_t *block) {
  uint32_t w[64];
  for (unsigned t = 0; t < 16; ++t, block += 4)
    w[t] = uint32_t(block[0]) << 24 | block[1] << 16 | block[2] << 8 | block[3];
  for (unsigned t = 16; t < 64; ++t) {
    uint32_t x = w[t - 15], y = w[t - 2];
    w[t] = w[t - 16] + (rotateRight(x, 7) ^ rotateRight(x, 18) ^ x >> 3) + w[t - 7] +
           (rotateRight(y, 17) ^ rotateRight(y, 19) ^ y >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = hash;
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    uint32_t sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    uint32_t choice = (e & f) ^ (~e & g);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    uint32_t t1 = h + sum1 + choice + roundConstants[t] + w[t];
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + sum0 + majority;
  }
  const uint32_t added[8] = {a, b, c, d, e, f, g, h};
  for (unsigned i = 0; i < 8; ++i)
    hash[i] += added[i];
}

Digest fovea::sha256(const void *bytes, size_t size) {
  std::array<uint32_t, 8> hash = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  auto *next = static_cast<const uint8_t *>(bytes);
  size_t left = size;
  for (; left >= 64; left -= 64, next += 64)
    addBlock(hash, next);
  // The rest, a 1 bit, zeros, and the length in bits.
  uint8_t end[128] = {};
  if (left > 0)
    std::memcpy(end, next, left);
  end[left] = 0x80;
  size_t endSize = left < 56 ? 64 : 128;
  for (unsigned i = 0; i < 8; ++i)
    end[endSize - 1 - i] = uint64_t(size) * 8 >> 8 * i;
  for (size_t i = 0; i < endSize; i += 64)
    addBlock(hash, end + i);

  Digest digest;
  for (unsigned i = 0; i < digest.size(); ++i)
    digest[i] = hash[i / 4] >> (24 - i % 4 * 8);
  return digest;
}

std::string fovea::toHex(const Digest &digest) {
  std::string text;
  for (uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}
