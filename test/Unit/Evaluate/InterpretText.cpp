//===- InterpretText.cpp - Running a kernel that a test writes ------------===//

#include "InterpretText.h"

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

#include "gtest/gtest.h"

using namespace fovea;

static llvm::Expected<std::vector<double>> run(const KernelText &kernel, const TileInterpreterOptions &options) {
  llvm::SmallVector<llvm::StringRef> extents;
  llvm::StringRef(kernel.tiles).split(extents, ',');
  std::string constants, values, parameters;
  for (auto [i, extent] : llvm::enumerate(extents)) {
    constants += llvm::formatv("%t{0} = arith.constant {1} : index\n", i, extent.trim());
    values += (i ? ", %t" : "%t") + std::to_string(i);
    parameters += ", %t" + std::to_string(i) + ": index";
  }
  std::string text =
      llvm::formatv(R"(
    func.func @f(%o: tensor<{0}>) -> tensor<{0}> {{
      {1}
      %r = cta.launch @kernels::@k tiles({2}) outs(%o : tensor<{0}>) -> tensor<{0}>
      return %r : tensor<{0}>
    }
    gpu.module @kernels {{
      gpu.func @k(%o: memref<{0}>{3}{4}) kernel attributes {{{5}} {{
        {6}
        gpu.return
      }
    })",
                    kernel.output, constants, values, parameters, kernel.workspaces, kernel.attributes, kernel.body);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<mlir::arith::ArithDialect, mlir::cta::CtaDialect, mlir::func::FuncDialect, mlir::gpu::GPUDialect,
                      mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return llvm::createStringError("the module does not parse");
  auto entry = module->lookupSymbol<mlir::func::FuncOp>("f");
  auto type = llvm::cast<mlir::RankedTensorType>(entry.getArgumentTypes()[0]);
  std::string element;
  llvm::raw_string_ostream(element) << type.getElementType();
  HostTensor output = makeTensor(*parseElementType(element), type.getShape(), -1.0);
  auto interpretation = interpretTiles(entry, {&output}, options);
  if (!interpretation)
    return interpretation.takeError();
  const auto &tensor = std::get<HostTensor>(interpretation->results[0]);
  std::vector<double> elements;
  for (int64_t i = 0, e = tensor.getNumElements(); i != e; ++i)
    elements.push_back(tensor.loadAt(i).toDouble());
  return elements;
}

std::vector<double> fovea::runKernel(const KernelText &kernel, TileInterpreterOptions options) {
  auto elements = run(kernel, options);
  if (elements)
    return std::move(*elements);
  ADD_FAILURE() << toString(elements.takeError());
  return {};
}

std::string fovea::errorOfKernel(const KernelText &kernel, TileInterpreterOptions options) {
  auto elements = run(kernel, options);
  return elements ? "" : toString(elements.takeError());
}
