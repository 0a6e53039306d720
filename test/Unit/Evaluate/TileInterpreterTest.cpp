//===- TileInterpreterTest.cpp - Ops of kernels, one by one ---------------===//

#include "InterpretText.h"

#include "gtest/gtest.h"

#include <numeric>

using namespace fovea;

namespace {

constexpr const char *persistent = "cta.schedule = #cta.schedule<scheduler = static>";

/// Adds 1 to element %t of the output, from -1 on.
constexpr const char *addOne = R"(
  %x = arith.index_cast %t : i32 to index
  %old = cta.read %o[%x] dims [0] : memref<10xi32> -> tensor<1xi32>
  %one = arith.constant dense<1> : tensor<1xi32>
  %new = arith.addi %old, %one : tensor<1xi32>
  cta.write %new, %o[%x] dims [0] : tensor<1xi32>, memref<10xi32>
)";

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

// A kernel that asks for its tile is run once for each.
TEST(TileInterpreter, tile_index) {
  std::vector<double> elements = runKernel({R"(
    %i, %j = cta.tile_index of(%t0, %t1) : index, index
    %c3 = arith.constant 10 : index
    %s = arith.muli %i, %c3 : index
    %n = arith.addi %s, %j : index
    %x = arith.index_cast %n : index to i32
    %v = cta.splat %x : i32 -> tensor<1x1xi32>
    cta.write %v, %o[%i, %j] dims [0, 1] : tensor<1x1xi32>, memref<2x3xi32>)",
                                            "2x3xi32", "2, 3"});
  EXPECT_EQ(elements, (std::vector<double>{0, 1, 2, 10, 11, 12}));
}

// Persistent blocks share all tiles between them, by number or by the counter.
TEST(TileInterpreter, next_tile) {
  std::string loop = std::string(R"(
    %t00 = arith.index_cast %t0 : index to i32
    %first = cta.first_tile : i32
    scf.while (%t = %first) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %t00 : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):)") +
                     addOne;
  for (int64_t multiprocessors : {1, 3, 20}) {
    TileInterpreterOptions options;
    options.multiprocessors = multiprocessors;
    std::vector<double> once(10, 0);
    EXPECT_EQ(
        runKernel({loop + "%n = cta.next_tile %t : i32\n scf.yield %n : i32 }", "10xi32", "10", persistent}, options),
        once);
    EXPECT_EQ(runKernel({loop + "%n = cta.next_tile %t counter(%c : memref<2xi32>) : i32\n scf.yield %n : i32 }\n"
                                "cta.reset_counter %c : memref<2xi32>",
                         "10xi32", "10", persistent,
                         ", %c: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}"},
                        options),
              once);
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

// Beyond the bounds nothing is written, and zero is read.
TEST(TileInterpreter, bounds) {
  std::vector<double> elements = runKernel({R"(
    %c-2 = arith.constant -2 : index
    %c2 = arith.constant 2 : index
    %r = cta.read %o[%c-2] dims [0] : memref<4xi32> -> tensor<8xi32>
    cta.write %r, %o[%c2] dims [0] : tensor<8xi32>, memref<4xi32>)",
                                            "4xi32"});
  EXPECT_EQ(elements, (std::vector<double>{-1, -1, 0, 0}));
}

// A coordinate that the element does not depend on repeats it.
TEST(TileInterpreter, read_broadcast) {
  std::vector<double> elements = runKernel({R"(
    %c0 = arith.constant 0 : index
    %i = cta.iota dim 1 : tensor<1x3xi32>
    cta.write %i, %o[%c0, %c0] dims [0, 1] : tensor<1x3xi32>, memref<2x3xi32>
    %r = cta.read %o[%c0, %c0] dims [-1, 1] : memref<2x3xi32> -> tensor<2x3xi32>
    cta.write %r, %o[%c0, %c0] dims [0, 1] : tensor<2x3xi32>, memref<2x3xi32>)",
                                            "2x3xi32"});
  EXPECT_EQ(elements, (std::vector<double>{0, 1, 2, 0, 1, 2}));
}

TEST(TileInterpreter, gather) {
  std::vector<double> elements = runKernel({R"(
    %c0 = arith.constant 0 : index
    %i = cta.iota dim 0 : tensor<4xi32>
    cta.write %i, %o[%c0] dims [0] : tensor<4xi32>, memref<4xi32>
    %at = arith.constant dense<[3, 0, 4, -1]> : tensor<4xi32>
    %g = cta.gather %o[%at] : memref<4xi32>, tensor<4xi32> -> tensor<4xi32>
    cta.write %g, %o[%c0] dims [0] : tensor<4xi32>, memref<4xi32>)",
                                            "4xi32"});
  EXPECT_EQ(elements, (std::vector<double>{3, 0, 0, 0}));
}

//===----------------------------------------------------------------------===//
// Register tiles
//===----------------------------------------------------------------------===//

// Of a partial reduction column c combines those that one lane of an accumulator holds.
TEST(TileInterpreter, reduce_partial) {
  std::vector<double> elements = runKernel({R"(
    %c0 = arith.constant 0 : index
    %i = cta.iota dim 1 : tensor<2x16xi32>
    %f = arith.sitofp %i : tensor<2x16xi32> to tensor<2x16xf32>
    %r = cta.reduce add %f dim 1 partial : tensor<2x16xf32> -> tensor<2x4xf32>
    cta.write %r, %o[%c0, %c0] dims [0, 1] : tensor<2x4xf32>, memref<2x4xf32>)",
                                            "2x4xf32"});
  EXPECT_EQ(elements, (std::vector<double>{18, 26, 34, 42, 18, 26, 34, 42}));
}

// S13: the maximum of a row with a NaN is NaN, wherever it is.
TEST(TileInterpreter, S13_reduce_maximum) {
  std::vector<double> elements = runKernel({R"(
    %c0 = arith.constant 0 : index
    %x = arith.constant dense<[[1.0, 0x7FC00000], [0x7FC00000, 1.0], [-2.0, -1.0]]> : tensor<3x2xf32>
    %r = cta.reduce maximum %x dim 1 : tensor<3x2xf32> -> tensor<3xf32>
    cta.write %r, %o[%c0] dims [0] : tensor<3xf32>, memref<3xf32>)",
                                            "3xf32"});
  expectNear(elements, {notANumber, notANumber, -1});
}

// Tiles hold values of their type: 257 is none of bf16.
TEST(TileInterpreter, rounding) {
  std::vector<double> elements = runKernel({R"(
    %c0 = arith.constant 0 : index
    %x = arith.constant dense<257.0> : tensor<1xf32>
    %y = arith.truncf %x : tensor<1xf32> to tensor<1xbf16>
    %z = arith.extf %y : tensor<1xbf16> to tensor<1xf32>
    cta.write %z, %o[%c0] dims [0] : tensor<1xf32>, memref<1xf32>)",
                                            "1xf32"});
  EXPECT_EQ(elements, (std::vector<double>{256}));
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

// Each warpgroup of three computes 64 of 192 rows, at its own pace, and may decide for them only.
TEST(TileInterpreter, warpgroups) {
  std::string body = R"(
    %c0 = arith.constant 0 : index
    %limit = arith.constant dense<70> : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
    cta.warp_specialize role(consumer) warps(12) registers(160) {
      %i = cta.iota dim 0 : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
      %above = arith.cmpi sgt, %i, %limit : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
      %any = cta.any %above : tensor<192xi1, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
      %r = scf.if %any -> tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>> {
        scf.yield %i : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
      } else {
        scf.yield %limit : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
      }
      cta.write %r, %o[%c0] dims [0] : tensor<192xi32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>, memref<192xi32>
    })";
  std::vector<double> expected(192);
  std::iota(expected.begin(), expected.end(), 0);
  std::fill_n(expected.begin(), 64, 70);
  for (uint64_t seed = 0; seed != 5; ++seed) {
    TileInterpreterOptions options;
    options.seed = seed;
    EXPECT_EQ(runKernel({body, "192xi32"}, options), expected);
  }
}

// A scalar channel hands over every value once and in order, whoever runs ahead.
TEST(TileInterpreter, channel) {
  std::string body = R"(
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c10 = arith.constant 10 : index
    %zero = arith.constant 0 : i32
    %c = cta.channel "values" : !cta.channel<i32, depth = 3>
    cta.warp_specialize role(producer) warps(4) registers(24) {
      scf.for %i = %c0 to %c10 step %c1 {
        %x = arith.index_cast %i : index to i32
        cta.send %x to %c : !cta.channel<i32, depth = 3>
      }
    } role(consumer) warps(4) registers(240) {
      %last = scf.for %i = %c0 to %c10 step %c1 iter_args(%sum = %zero) -> i32 {
        %x = cta.receive %c : !cta.channel<i32, depth = 3> -> i32
        %v = cta.splat %x : i32 -> tensor<1xi32>
        cta.write %v, %o[%i] dims [0] : tensor<1xi32>, memref<10xi32>
        scf.yield %x : i32
      }
    })";
  std::vector<double> expected(10);
  std::iota(expected.begin(), expected.end(), 0);
  for (uint64_t seed = 0; seed != 5; ++seed) {
    TileInterpreterOptions options;
    options.seed = seed;
    EXPECT_EQ(runKernel({body, "10xi32"}, options), expected);
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(TileInterpreter, counter_is_left) {
  std::string error =
      errorOfKernel({R"(
    %zero = arith.constant 0 : i32
    cta.reset_counter %c : memref<2xi32>
    %n = cta.next_tile %zero counter(%c : memref<2xi32>) : i32)",
                     "1xi32", "1", "", ", %c: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}"});
  EXPECT_NE(error.find("leaves other than zero in its argument 2, which the next launch expects to be zero"),
            std::string::npos)
      << error;
}

TEST(TileInterpreter, tile_space_differs) {
  std::string error = errorOfKernel({R"(
    %c3 = arith.constant 3 : index
    %i = cta.tile_index of(%c3) : index)",
                                     "1xi32", "2"});
  EXPECT_NE(error.find("'cta.tile_index' is of the extents [3], but the launch has [2]"), std::string::npos) << error;
}

TEST(TileInterpreter, rows_of_no_warpgroup) {
  std::string error = errorOfKernel({R"(
    cta.warp_specialize role(consumer) warps(8) registers(240) {
      %i = cta.iota dim 0 : tensor<128xi32>
    })",
                                     "1xi32"});
  EXPECT_NE(error.find("cannot be split between warpgroups: the tile has no layout"), std::string::npos) << error;
}

} // namespace
