//===- OutputTensors.h - The results of one attn op -------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_OUTPUTTENSORS_H
#define FOVEA_LIB_EVALUATE_OUTPUTTENSORS_H

#include "Frame.h"
#include "IndexedAccess.h"

namespace fovea::evaluator {

/// The outputs of an op in destination style, written at domain positions.
class OutputTensors {
public:
  static llvm::Expected<OutputTensors> create(mlir::attn::StructuredOpInterface op, const Frame &frame,
                                              llvm::ArrayRef<int64_t> extents) {
    OutputTensors outputs;
    auto destination = mlir::cast<mlir::DestinationStyleOpInterface>(*op);
    for (mlir::OpOperand &init : destination.getDpsInitsMutable()) {
      const DenseTensor &tensor = frame.getTensor(init.get());
      llvm::Expected<IndexedAccess> access = IndexedAccess::create(op.getMapOf(init), tensor.getShape(), extents);
      if (!access)
        return makeError(op, "output " + llvm::Twine(outputs.outputs.size()) + " " + toString(access.takeError()));
      Rounding rounding = getRounding(tensor.getElementType(), frame.getPrecision());
      outputs.outputs.push_back({tensor, nullptr, *access, rounding});
      Output &output = outputs.outputs.back();
      output.data = output.tensor.getMutableData();
    }
    return outputs;
  }

  /// What output `number` holds for `indices`: at first, its init.
  double get(unsigned number, llvm::ArrayRef<int64_t> indices) const {
    return outputs[number].data[outputs[number].access.at(indices)].floating;
  }
  /// Rounds to the output's type.
  void set(unsigned number, llvm::ArrayRef<int64_t> indices, double value) {
    const Output &output = outputs[number];
    output.data[output.access.at(indices)] = Number::of(roundTo(value, output.rounding));
  }

  Data take() {
    return llvm::map_to_vector<2>(outputs, [](Output &output) { return Datum(std::move(output.tensor)); });
  }

private:
  struct Output {
    DenseTensor tensor;
    Number *data;
    IndexedAccess access;
    Rounding rounding;
  };
  llvm::SmallVector<Output, 3> outputs;
};

/// An input that is read at domain positions.
class InputTensor {
public:
  static llvm::Expected<InputTensor> create(mlir::attn::StructuredOpInterface op, mlir::OpOperand &operand,
                                            const Frame &frame, llvm::ArrayRef<int64_t> extents) {
    InputTensor input{frame.getTensor(operand.get()), {}};
    llvm::Expected<IndexedAccess> access =
        IndexedAccess::create(op.getMapOf(operand), input.tensor.getShape(), extents);
    if (!access)
      return makeError(op, "operand " + llvm::Twine(operand.getOperandNumber()) + " " + toString(access.takeError()));
    input.access = *access;
    return input;
  }

  double get(llvm::ArrayRef<int64_t> indices) const { return tensor.getData()[access.at(indices)].floating; }
  int64_t getInteger(llvm::ArrayRef<int64_t> indices) const { return tensor.getData()[access.at(indices)].integer; }

  DenseTensor tensor;
  IndexedAccess access;
};

/// The dimensions below `numDims` that satisfy `isWanted`.
template <typename Fn> llvm::SmallVector<unsigned> getDims(unsigned numDims, Fn isWanted) {
  llvm::SmallVector<unsigned> dims;
  for (unsigned d = 0; d != numDims; ++d)
    if (isWanted(d))
      dims.push_back(d);
  return dims;
}

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_OUTPUTTENSORS_H
