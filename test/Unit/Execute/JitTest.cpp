//===- JitTest.cpp - Tests of compiling and calling -----------------------===//

#include "fovea/Execute/Jit.h"
#include "Expect.h"
#include "fovea/InitAll.h"
#include "fovea/Pipelines/Pipelines.h"
#include "fovea/runtime.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <malloc.h>

using namespace fovea;

namespace {

/// Compiles the function @f of a module through the whole pipeline.
class JitTest : public testing::Test {
protected:
  JitTest() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
  }

  std::unique_ptr<CompiledFunction> compile(llvm::StringRef source) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    Signature signature = llvm::cantFail(Signature::of(function));
    mlir::PassManager passes(&context);
    CpuPipelineOptions options;
    buildAttnToLLVMPipeline(passes, options);
    EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
    return llvm::cantFail(CompiledFunction::compile(*module, signature));
  }

  mlir::MLIRContext context;
};

llvm::SmallVector<HostTensor> call(const CompiledFunction &function, llvm::ArrayRef<HostTensor *> arguments,
                                   int repeat = 1) {
  Invocation call = llvm::cantFail(Invocation::create(function, arguments));
  for (int i = 0; i < repeat; ++i)
    call.run();
  return llvm::cantFail(call.takeResults());
}

constexpr llvm::StringLiteral addSource = R"mlir(
  func.func @f(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %o: tensor<?x?xf32>)
      -> tensor<?x?xf32> {
    %r = linalg.add ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>)
                    outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
    return %r : tensor<?x?xf32>
  }
)mlir";

// A destination argument is written in place and is the result.
TEST_F(JitTest, Destination) {
  auto function = compile(addSource);
  HostTensor x = makeTensor(ElementType::F32, {2, 2}, {1, 2, 3, 4});
  HostTensor y = makeTensor(ElementType::F32, {2, 2}, {10, 20, 30, 40});
  HostTensor o = llvm::cantFail(HostTensor::contiguous(ElementType::F32, {2, 2}));
  auto results = call(*function, {&x, &y, &o});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(valuesOf(results[0]), (std::vector<double>{11, 22, 33, 44}));
  EXPECT_EQ(valuesOf(o), valuesOf(results[0]));
}

// Arguments may have any strides: broadcast, reversed, column-major.
TEST_F(JitTest, Strides) {
  auto function = compile(addSource);
  HostTensor x = llvm::cantFail(HostTensor::strided(ElementType::F32, {2, 2}, {0, 1}));
  x.setDouble({0, 0}, 1);
  x.setDouble({0, 1}, 2);
  HostTensor y = llvm::cantFail(HostTensor::strided(ElementType::F32, {2, 2}, {-3, 1}, /*offset=*/3));
  for (int64_t i : {0, 1})
    for (int64_t j : {0, 1})
      y.setDouble({i, j}, 10 * i + 100 * j);
  HostTensor o = llvm::cantFail(HostTensor::strided(ElementType::F32, {2, 2}, {1, 2}));
  auto results = call(*function, {&x, &y, &o});
  EXPECT_EQ(valuesOf(results[0]), (std::vector<double>{1, 102, 11, 112}));
}

// Fresh results, scalars and a destination together; repeats free what they
// return (a sanitizer counts).
TEST_F(JitTest, MixedResults) {
  auto function = compile(R"mlir(
    func.func @f(%x: tensor<3xf32>, %s: f32, %o: tensor<3xf32>, %n: index)
        -> (f32, tensor<3xf32>, tensor<3xf32>, index) {
      %r = linalg.abs ins(%x : tensor<3xf32>) outs(%o : tensor<3xf32>)
          -> tensor<3xf32>
      %e = tensor.empty() : tensor<3xf32>
      %d = linalg.fill ins(%s : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
      %t = arith.addf %s, %s : f32
      %m = arith.addi %n, %n : index
      return %t, %r, %d, %m : f32, tensor<3xf32>, tensor<3xf32>, index
    }
  )mlir");
  HostTensor x = makeTensor(ElementType::F32, {3}, {-1, 1, -1});
  HostTensor s = makeTensor(ElementType::F32, {}, {2.5});
  HostTensor o = makeTensor(ElementType::F32, {3}, {7, 7, 7});
  HostTensor n = makeTensor(ElementType::Index, {}, {21});
  auto results = call(*function, {&x, &s, &o, &n}, /*repeat=*/3);
  EXPECT_EQ(results[0].getDouble({}), 5);
  EXPECT_EQ(valuesOf(results[1]), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(valuesOf(results[2]), (std::vector<double>{2.5, 2.5, 2.5}));
  EXPECT_EQ(results[3].getInt({}), 42);
}

// A parallel loop runs on the runtime's threads, every index once, and a
// nested one too.
TEST_F(JitTest, ParallelLoop) {
  auto function = compile(R"mlir(
    func.func @f(%o: tensor<?x3x5xi64>, %n: index) -> tensor<?x3x5xi64> {
      %c15 = arith.constant 15 : index
      %c5 = arith.constant 5 : index
      %r = scf.forall (%i, %j) = (0, 0) to (%n, 6) step (1, 2)
          shared_outs(%a = %o) -> tensor<?x3x5xi64> {
        %c2 = arith.constant 2 : index
        %j2 = arith.divui %j, %c2 : index
        %s = tensor.extract_slice %a[%i, %j2, 0] [1, 1, 5] [1, 1, 1]
            : tensor<?x3x5xi64> to tensor<5xi64>
        %t = scf.forall (%k) in (5) shared_outs(%b = %s) -> tensor<5xi64> {
          %x = arith.muli %i, %c15 : index
          %y = arith.muli %j2, %c5 : index
          %xy = arith.addi %x, %y : index
          %xyz = arith.addi %xy, %k : index
          %v = arith.index_cast %xyz : index to i64
          %f = tensor.from_elements %v : tensor<1xi64>
          scf.forall.in_parallel {
            tensor.parallel_insert_slice %f into %b[%k] [1] [1]
                : tensor<1xi64> into tensor<5xi64>
          }
        }
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %t into %a[%i, %j2, 0] [1, 1, 5]
              [1, 1, 1] : tensor<5xi64> into tensor<?x3x5xi64>
        }
      }
      return %r : tensor<?x3x5xi64>
    }
  )mlir");
  HostTensor o = llvm::cantFail(HostTensor::contiguous(ElementType::I64, {9, 3, 5}));
  HostTensor n = makeTensor(ElementType::Index, {}, {9});
  std::vector<double> values = valuesOf(call(*function, {&o, &n})[0]);
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(values[i], i);
}

// Everything a call allocates is freed: by the parallel body, by the function
// and, for the result, by the next call.
TEST_F(JitTest, NothingLeaks) {
  auto function = compile(R"mlir(
    func.func @f(%q: tensor<4x?x80xbf16>, %k: tensor<4x?x80xbf16>)
        -> tensor<4x?x80xbf16> {
      %c1 = arith.constant 1 : index
      %n = tensor.dim %q, %c1 : tensor<4x?x80xbf16>
      %e = tensor.empty(%n) : tensor<4x?x80xbf16>
      %o = attn.attention ins(%q, %k, %k : tensor<4x?x80xbf16>,
          tensor<4x?x80xbf16>, tensor<4x?x80xbf16>)
          outs(%e : tensor<4x?x80xbf16>)
      return %o : tensor<4x?x80xbf16>
    }
  )mlir");
  HostTensor q = llvm::cantFail(HostTensor::contiguous(ElementType::BF16, {4, 70, 80}));
  HostTensor k = llvm::cantFail(HostTensor::contiguous(ElementType::BF16, {4, 130, 80}));
  ASSERT_EQ(foveaSetThreadCount(1), 0); // What is counted is this thread's.
  Invocation call = llvm::cantFail(Invocation::create(*function, {&q, &k}));
  call.run();
  size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 10; ++i)
    call.run();
  EXPECT_EQ(mallinfo2().uordblks, before);
  ASSERT_EQ(foveaSetThreadCount(0), 0);
}

// What does not fit the signature is refused by the argument's number.
TEST_F(JitTest, WrongArguments) {
  auto function = compile(addSource);
  HostTensor x = makeTensor(ElementType::F32, {1, 1}, {1});
  HostTensor y = makeTensor(ElementType::F64, {1, 1}, {1});
  EXPECT_EQ(errorOf(Invocation::create(*function, {&x, &x})), "@f takes 3 arguments, got 2");
  EXPECT_EQ(errorOf(Invocation::create(*function, {&x, &y, &x})), "argument 1 of @f: expected ?x?xf32, got 1x1xf64");
}

} // namespace
