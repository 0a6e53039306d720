//===- NvptxCodeTest.cpp - Tests of the way to PTX ------------------------===//

#include "fovea/Target/NvptxCode.h"
#include "fovea/InitAll.h"
#include "fovea/Target/Ptxas.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <thread>

using namespace fovea;

namespace {

class NvptxCode : public testing::Test {
protected:
  NvptxCode() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  /// PTX of the kernels in `text`, or "error: " and what is wrong.
  std::string translate(llvm::StringRef text, const NvptxOptions &options = {}) {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return "error: does not parse";
    llvm::Expected<std::string> ptx = translateToPtx(*module, options);
    return ptx ? *ptx : "error: " + llvm::toString(ptx.takeError());
  }

  mlir::MLIRContext context;
};

} // namespace

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

/// A barrier of each kind, a tensor map by value, dynamic shared memory.
static constexpr const char *kernel = R"mlir(
llvm.mlir.global external @smem() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
llvm.func @k(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
             %out: !llvm.ptr<1>, %n: i64)
    attributes {nvvm.kernel, nvvm.reqntid = array<i32: 384>, nvvm.minctasm = 1 : i32} {
  %smem = llvm.mlir.addressof @smem : !llvm.ptr<3>
  %count = llvm.mlir.constant(1 : i32) : i32
  %parity = llvm.mlir.constant(0 : i32) : i32
  %ticks = llvm.mlir.constant(10000000 : i32) : i32
  nvvm.mbarrier.init %smem, %count : !llvm.ptr<3>, i32
  nvvm.mbarrier.try_wait.parity %smem, %parity, %ticks : !llvm.ptr<3>, i32, i32
  %x = llvm.inline_asm has_side_effects "mov.u32 $0, %clock;", "=r" : () -> i32
  llvm.store %x, %out : i32, !llvm.ptr<1>
  llvm.return
}
)mlir";

// Attributes of the kernel become directives; ops of NVVM without an intrinsic become instructions.
TEST_F(NvptxCode, Kernel) {
  std::string ptx = translate(kernel);
  EXPECT_CONTAINS(ptx, ".version 8.7");
  EXPECT_CONTAINS(ptx, ".target sm_90a");
  EXPECT_CONTAINS(ptx, ".visible .entry k(");
  EXPECT_CONTAINS(ptx, ".reqntid 384");
  EXPECT_CONTAINS(ptx, ".minnctapersm 1");
  EXPECT_CONTAINS(ptx, ".param .align 64 .b8 k_param_0[128]");
  EXPECT_CONTAINS(ptx, ".extern .shared .align 1024 .b8 smem[]");
  EXPECT_CONTAINS(ptx, "mbarrier.init.shared.b64");
  EXPECT_CONTAINS(ptx, "mbarrier.try_wait.parity.shared.b64");
}

// ptxas takes what LLVM writes, and has nothing to complain of.
TEST_F(NvptxCode, Assembles) {
  if (!findPtxas())
    GTEST_SKIP() << "there is no ptxas";
  llvm::Expected<Cubin> cubin = assemblePtx(translate(kernel), "sm_90a");
  ASSERT_TRUE(bool(cubin)) << llvm::toString(cubin.takeError());
  EXPECT_EQ(whyNotClean(cubin->report), std::nullopt);
}

// A gpu.module is translated as well, and stays as it is.
TEST_F(NvptxCode, GpuModule) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(
      R"mlir(gpu.module @kernels {
        llvm.func @one(%a: !llvm.ptr<3>, %p: i32) attributes {nvvm.kernel} {
          nvvm.mbarrier.try_wait.parity %a, %p, %p : !llvm.ptr<3>, i32, i32
          llvm.return
        }
        llvm.func @two() attributes {nvvm.kernel} { llvm.return }
      })mlir",
      &context);
  ASSERT_TRUE(module);
  auto kernels = *module->getOps<mlir::gpu::GPUModuleOp>().begin();
  llvm::Expected<std::string> ptx = translateToPtx(kernels);
  ASSERT_TRUE(bool(ptx)) << llvm::toString(ptx.takeError());
  EXPECT_CONTAINS(*ptx, ".visible .entry one(");
  EXPECT_CONTAINS(*ptx, ".visible .entry two(");
  std::string after;
  llvm::raw_string_ostream(after) << *kernels;
  EXPECT_CONTAINS(after, "nvvm.mbarrier.try_wait.parity");
}

// Inline assembly stays where it stands: two equal instructions in the branches of a condition are not merged, at
// any level.
TEST_F(NvptxCode, InlineAssemblyIsNotMerged) {
  for (unsigned level : {0u, 1u, 3u}) {
    NvptxOptions options;
    options.optimizationLevel = level;
    std::string ptx = translate(R"mlir(
      llvm.func @k(%c: i1, %out: !llvm.ptr<1>) attributes {nvvm.kernel} {
        llvm.cond_br %c, ^a, ^b
      ^a:
        llvm.inline_asm has_side_effects "bar.sync 1, 128;", "" : () -> ()
        llvm.br ^end
      ^b:
        llvm.inline_asm has_side_effects "bar.sync 1, 128;", "" : () -> ()
        llvm.br ^end
      ^end:
        llvm.return
      })mlir",
                                options);
    size_t first = ptx.find("bar.sync 1, 128;");
    ASSERT_NE(first, ptx.npos) << ptx;
    EXPECT_NE(ptx.find("bar.sync 1, 128;", first + 1), ptx.npos) << "level " << level << "\n" << ptx;
  }
}

// Each chip has its PTX version; one that is not in the table is refused by name.
TEST_F(NvptxCode, Chips) {
  NvptxOptions options;
  options.chip = "sm_80";
  std::string ptx = translate("llvm.func @k() attributes {nvvm.kernel} { llvm.return }", options);
  EXPECT_CONTAINS(ptx, ".version 8.0");
  EXPECT_CONTAINS(ptx, ".target sm_80");
  options.chip = "sm_61";
  EXPECT_EQ(translate("", options), "error: chip 'sm_61': expected one of sm_80, sm_90a");
}

// What is left of other dialects is an error, never a crash.
TEST_F(NvptxCode, NotLowered) {
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  EXPECT_EQ(translate("func.func @f() { return }"), "error: the kernels cannot be translated to LLVM IR");
}

// Kernels of different contexts are translated at the same time.
TEST(NvptxCodeThreads, AtTheSameTime) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  std::vector<std::thread> threads;
  std::vector<std::string> results(4);
  for (std::string &result : results)
    threads.emplace_back([&] {
      mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
      mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(kernel, &context);
      llvm::Expected<std::string> ptx = translateToPtx(*module);
      result = ptx ? *ptx : llvm::toString(ptx.takeError());
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &result : results)
    EXPECT_EQ(result, results[0]);
  EXPECT_CONTAINS(results[0], ".visible .entry k(");
}
