//===- ScoreFunction.cpp - Score and mask of one key ----------------------===//

#include "ScoreFunction.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

/// The type that a region gives capture `number`.
static Type getCaptureArgument(attn::ScoreOpInterface op, unsigned number) {
  if (op.hasScore())
    return op.getScore().getArgument(number + 1).getType();
  return op.getMask().getArgument(number).getType();
}

static llvm::Expected<RegionProgram> compileRegion(attn::ScoreOpInterface op, Region &region, unsigned firstCapture,
                                                   const Frame &frame, ArrayRef<unsigned> contracted) {
  auto bind = [&](Value value) -> std::optional<Datum> {
    if (value.getParentRegion() != &region)
      return frame.get(value);
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    if (number < firstCapture)
      return std::nullopt;
    Value capture = op.getCaptures()[number - firstCapture];
    if (capture.getType() != value.getType())
      return std::nullopt; // One element per position.
    return frame.get(capture);
  };
  llvm::Expected<RegionProgram> program =
      RegionProgram::compile(region.front(), op.getNumLoops(), frame.getPrecision(), bind);
  if (program)
    for (unsigned d : contracted)
      if (program->readsIndex(d))
        return makeError(op, "asks for the position along dimension " + Twine(d) + ", along which a score has none");
  return program;
}

llvm::Expected<ScoreFunction> ScoreFunction::create(attn::ScoreOpInterface op, const Frame &frame,
                                                    ArrayRef<int64_t> extents, ArrayRef<unsigned> contracted) {
  ScoreFunction function;
  function.keyDim = op.getKeyDim();
  function.offsets = frame.getIndices(op.getMixedOffsets());
  function.offsets.resize(extents.size(), 0);

  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    if (!isa<ShapedType>(capture.getType()) || isa<ShapedType>(getCaptureArgument(op, i)))
      continue;
    OpOperand &operand = op->getOpOperand(op.getCaptures().getBeginOperandIndex() + i);
    const DenseTensor &tensor = frame.getTensor(capture);
    llvm::Expected<IndexedAccess> access = IndexedAccess::create(op.getMapOf(operand), tensor.getShape(), extents);
    if (!access)
      return makeError(op, "capture " + Twine(i) + " " + toString(access.takeError()));
    function.elements.push_back({*access, tensor, unsigned(i)});
  }

  if (op.hasScore()) {
    llvm::Expected<RegionProgram> program = compileRegion(op, op.getScore(), 1, frame, contracted);
    if (!program)
      return program.takeError();
    function.scoreRegion = std::move(*program);
  }
  if (op.hasMask()) {
    llvm::Expected<RegionProgram> program = compileRegion(op, op.getMask(), 0, frame, contracted);
    if (!program)
      return program.takeError();
    function.maskRegion = std::move(*program);
  }
  return function;
}

void ScoreFunction::setRow(ArrayRef<int64_t> indices) {
  for (Element &element : elements)
    element.rowPosition = element.access.at(indices) - element.access.along(keyDim, indices[keyDim]);
  for (std::optional<RegionProgram> *program : {&scoreRegion, &maskRegion})
    if (*program)
      for (auto [d, index] : llvm::enumerate(indices))
        (*program)->setIndex(d, offsets[d] + index);
}

void ScoreFunction::setKey(RegionProgram &program, unsigned firstCapture, int64_t key) {
  program.setIndex(keyDim, offsets[keyDim] + key);
  for (const Element &element : elements)
    program.setArgument(firstCapture + element.number,
                        element.tensor.getData()[element.rowPosition + element.access.along(keyDim, key)]);
}

double ScoreFunction::score(int64_t key, double logit) {
  if (!scoreRegion)
    return logit;
  setKey(*scoreRegion, 1, key);
  scoreRegion->setArgument(0, Number::of(logit));
  scoreRegion->run();
  return scoreRegion->getResult().floating;
}

bool ScoreFunction::keep(int64_t key) {
  if (!maskRegion)
    return true;
  setKey(*maskRegion, 0, key);
  maskRegion->run();
  return maskRegion->getResult().integer != 0;
}

llvm::Error ScoreFunction::takeError() {
  for (std::optional<RegionProgram> *program : {&scoreRegion, &maskRegion})
    if (*program)
      if (llvm::Error error = (*program)->takeError())
        return error;
  return llvm::Error::success();
}
