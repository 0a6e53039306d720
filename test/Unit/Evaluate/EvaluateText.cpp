//===- EvaluateText.cpp - Evaluating MLIR that a test writes down ---------===//

#include "EvaluateText.h"

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

HostTensor fovea::makeTensor(ElementType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
  HostTensor tensor = llvm::cantFail(HostTensor::contiguous(type, shape));
  for (int64_t i = 0, e = tensor.getNumElements(); i != e; ++i)
    tensor.storeAt(i, Scalar::ofFloat(values.size() == 1 ? values[0] : values[i]));
  return tensor;
}

HostTensor fovea::makeVaried(ElementType type, llvm::ArrayRef<int64_t> shape, unsigned seed) {
  HostTensor tensor = llvm::cantFail(HostTensor::contiguous(type, shape));
  uint32_t state = seed * 2654435761u + 12345;
  for (int64_t i = 0, e = tensor.getNumElements(); i != e; ++i) {
    state = state * 1664525u + 1013904223u;
    tensor.storeAt(i, Scalar::ofFloat(double(state >> 8) / (1 << 22) - 2));
  }
  return tensor;
}

static mlir::OwningOpRef<mlir::ModuleOp> parse(mlir::MLIRContext &context, llvm::StringRef text) {
  context.loadDialect<mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::attn::AttnDialect,
                      mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                      mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
  return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
}

Results fovea::evaluateText(llvm::StringRef text, llvm::ArrayRef<EvaluateArgument> arguments, Precision precision) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(context, text);
  if (!module) {
    ADD_FAILURE() << "the module does not parse";
    return {};
  }
  auto results = evaluate(module->lookupSymbol<mlir::func::FuncOp>("f"), arguments, {precision});
  if (!results) {
    ADD_FAILURE() << toString(results.takeError());
    return {};
  }
  Results values;
  for (const EvaluateResult &result : *results) {
    std::vector<double> &list = values.emplace_back();
    if (auto *scalar = std::get_if<Scalar>(&result)) {
      list.push_back(scalar->toDouble());
      continue;
    }
    const HostTensor &tensor = std::get<HostTensor>(result);
    for (int64_t i = 0, e = tensor.getNumElements(); i != e; ++i)
      list.push_back(tensor.loadAt(i).toDouble());
  }
  return values;
}

std::string fovea::errorOfText(llvm::StringRef text, llvm::ArrayRef<EvaluateArgument> arguments) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(context, text);
  if (!module)
    return "the module does not parse";
  auto results = evaluate(module->lookupSymbol<mlir::func::FuncOp>("f"), arguments);
  return results ? "" : toString(results.takeError());
}

void fovea::expectNear(const std::vector<double> &actual, const std::vector<double> &expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i != actual.size(); ++i) {
    if (actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i])))
      continue;
    EXPECT_LE(std::abs(actual[i] - expected[i]), tolerance)
        << "element " << i << ": " << actual[i] << ", expected " << expected[i];
    EXPECT_EQ(std::isnan(actual[i]), std::isnan(expected[i])) << "element " << i;
  }
}
