//===- AccessCounter.cpp - Where tensors are while a function runs --------===//

#include "AccessCounter.h"
#include "FunctionInterpreter.h"
#include "IndexedAccess.h"

#include "fovea/Dialect/Attn/IR/Arithmetic.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

static int64_t getBytes(const DenseTensor &tensor) {
  return tensor.getNumElements() * int64_t(getByteSize(tensor.getElementType()));
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

std::shared_ptr<Residence> AccessCounter::makePlace(const DenseTensor &tensor) {
  auto place = std::make_shared<Residence>();
  place->elements = tensor.getNumElements();
  place->bytes = getBytes(tensor);
  place->fits = place->bytes <= onChipBytes;
  place->use = use;
  return place;
}

void AccessCounter::addArguments(MutableArrayRef<Datum> arguments) {
  counts.arguments.resize(arguments.size());
  for (auto [argument, accesses] : llvm::zip_equal(arguments, counts.arguments))
    if (auto *tensor = std::get_if<DenseTensor>(&argument)) {
      accesses.elements = tensor->getNumElements();
      tensor->setResidence(makePlace(*tensor));
      tensor->getResidence()->buffer = std::make_shared<Buffer>(&accesses, tensor->getNumElements(), getBytes(*tensor));
    }
}

void AccessCounter::takeResults(ArrayRef<Datum> results) {
  for (const Datum &result : results)
    if (auto *tensor = std::get_if<DenseTensor>(&result))
      if (const std::shared_ptr<Residence> &place = tensor->getResidence(); place && place->buffer) {
        materialize(*place);
        if (place->buffer->isOnChip)
          countWrite(*place, place->elements);
      }
}

/// Makes a buffer for what is written first.
void AccessCounter::allocate(Residence &place) {
  if (place.buffer)
    return;
  place.buffer = std::make_shared<Buffer>(&counts.temporaries, place.elements, place.bytes);
  place.buffer->isOnChip = place.fits;
  place.buffer->use = use;
  (place.fits ? use->onChip : use->temporaries) += place.bytes;
  counts.usedOnChipBytes = std::max(counts.usedOnChipBytes, use->onChip);
  counts.temporaryBytes = std::max(counts.temporaryBytes, use->temporaries);
}

void AccessCounter::hold(const std::shared_ptr<Residence> &place) {
  if (place->isHeld)
    return;
  place->isHeld = true;
  use->onChip += place->bytes;
  counts.usedOnChipBytes = std::max(counts.usedOnChipBytes, use->onChip);
  if (!loadedInIteration.empty())
    loadedInIteration.back().push_back(place);
}

void AccessCounter::leaveIteration() {
  for (const std::weak_ptr<Residence> &loaded : loadedInIteration.back())
    if (std::shared_ptr<Residence> place = loaded.lock())
      place->release();
  loadedInIteration.pop_back();
}

void AccessCounter::separate(MutableArrayRef<Datum> carried) {
  for (Datum &datum : carried)
    if (auto *tensor = std::get_if<DenseTensor>(&datum);
        tensor && tensor->getResidence() && !tensor->getResidence()->buffer)
      tensor->setResidence(makePlace(*tensor));
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

void AccessCounter::countRead(const Residence &place, int64_t elements) {
  place.buffer->accesses->reads += elements;
  counts.readBytes += place.buffer->elements == 0 ? 0 : elements * (place.buffer->bytes / place.buffer->elements);
}

void AccessCounter::countWrite(const Residence &place, int64_t elements) {
  place.buffer->accesses->writes += elements;
  counts.writtenBytes += place.buffer->elements == 0 ? 0 : elements * (place.buffer->bytes / place.buffer->elements);
}

/// Writes the number that a tensor has been filled with, before a part of it is replaced or looked at.
void AccessCounter::materialize(Residence &place) {
  if (!place.buffer || !std::exchange(place.buffer->isFilled, false))
    return;
  countWrite(place, place.buffer->elements);
}

/// An op computes on all of `tensor`.
void AccessCounter::read(const DenseTensor &tensor) {
  const std::shared_ptr<Residence> &place = tensor.getResidence();
  if (!place || !place->isInMemory() || place->buffer->isFilled)
    return;
  countRead(*place, place->elements);
  if (place->fits)
    hold(place);
}

/// An op has written all of `result`, whose destination was `init`.
void AccessCounter::overwrite(DenseTensor &result, const DenseTensor *init) {
  std::shared_ptr<Residence> place = init ? init->getResidence() : nullptr;
  if (!place || !place->buffer) {
    place = makePlace(result);
    allocate(*place);
  }
  result.setResidence(place);
  place->buffer->isFilled = false;
  if (place->buffer->isOnChip)
    return;
  if (place->fits)
    hold(place);
  if (place->whole && place->fits)
    place->isDirty = true;
  else
    countWrite(*place, place->elements);
}

/// Costs nothing where it only says what a new tensor holds.
void AccessCounter::fill(DenseTensor &result, const DenseTensor &init) {
  const std::shared_ptr<Residence> &place = init.getResidence();
  if (place && place->buffer)
    return overwrite(result, &init);
  result.setResidence(makePlace(result));
  allocate(*result.getResidence());
  result.getResidence()->buffer->isFilled = !result.getResidence()->buffer->isOnChip;
}

void AccessCounter::insert(const DenseTensor &source, const std::shared_ptr<Residence> &destination) {
  if (!destination)
    return;
  allocate(*destination);
  materialize(*destination);
  const std::shared_ptr<Residence> &from = source.getResidence();
  bool isSame = from && from->buffer == destination->buffer;
  if (from && !isSame && from->isInMemory())
    countRead(*from, source.getNumElements());
  if (!destination->isInMemory()) {
    destination->isDirty |= destination->isHeld;
    return;
  }
  // What an op has written to a part that is not held is in memory already.
  if (isSame && !from->isDirty)
    return;
  countWrite(*destination, source.getNumElements());
  if (isSame)
    from->isDirty = false;
}

void AccessCounter::recordInsert(const DenseTensor &source, DenseTensor &destination) {
  insert(source, destination.getResidence());
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void AccessCounter::recordSlice(const DenseTensor &source, DenseTensor &slice) {
  const std::shared_ptr<Residence> &whole = source.getResidence();
  if (!whole)
    return;
  allocate(*whole);
  if (slice.getNumElements() == source.getNumElements())
    return slice.setResidence(whole);
  materialize(*whole);
  std::shared_ptr<Residence> place = makePlace(slice);
  place->buffer = whole->buffer;
  place->whole = whole;
  slice.setResidence(place);
}

/// An op of the tensor dialect that moves elements rather than compute on them; false if it is none.
bool AccessCounter::recordTensorOp(Operation *op, const Frame &frame, MutableArrayRef<Datum> results) {
  auto share = [&](Value from) {
    std::get<DenseTensor>(results[0]).setResidence(frame.getTensor(from).getResidence());
    return true;
  };
  if (isa<tensor::EmptyOp>(op)) {
    auto &tensor = std::get<DenseTensor>(results[0]);
    tensor.setResidence(makePlace(tensor));
    return true;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    recordSlice(frame.getTensor(slice.getSource()), std::get<DenseTensor>(results[0]));
    return true;
  }
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op)) {
    insert(frame.getTensor(slice.getSource()), frame.getTensor(slice.getDest()).getResidence());
    return share(slice.getDest());
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    const std::shared_ptr<Residence> &place = frame.getTensor(extract.getTensor()).getResidence();
    if (place && place->isInMemory() && !place->buffer->isFilled)
      countRead(*place, 1);
    return true;
  }
  if (auto insertOp = dyn_cast<tensor::InsertOp>(op)) {
    if (const std::shared_ptr<Residence> &place = frame.getTensor(insertOp.getDest()).getResidence()) {
      allocate(*place);
      materialize(*place);
      if (place->isInMemory())
        countWrite(*place, 1);
      else
        place->isDirty |= place->isHeld;
    }
    return share(insertOp.getDest());
  }
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return share(op->getOperand(0));
  return isa<tensor::DimOp, tensor::RankOp>(op);
}

/// Whether `op` looks at what its destination held.
static bool readsDestination(Operation *op, OpOperand &init) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.payloadUsesValueFromOperand(&init);
  return isa<attn::OnlineAttentionOp, attn::OnlineSoftmaxOp, attn::MergeOp>(op);
}

/// An op that computes on whole tensors.
void AccessCounter::recordStructured(Operation *op, const Frame &frame, MutableArrayRef<Datum> results) {
  auto destination = dyn_cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()))
      if (!destination || !destination.isDpsInit(&operand) || readsDestination(op, operand))
        read(frame.getTensor(operand.get()));
  for (auto [number, result] : llvm::enumerate(results))
    if (auto *tensor = std::get_if<DenseTensor>(&result))
      overwrite(*tensor, destination ? &frame.getTensor(destination.getDpsInitOperand(number)->get()) : nullptr);
}

void AccessCounter::record(Operation *op, const Frame &frame, MutableArrayRef<Datum> results) {
  if (isa<scf::SCFDialect>(op->getDialect()) || isa<func::CallOp, arith::ConstantOp>(op))
    return;
  if (recordTensorOp(op, frame, results))
    return;
  if (auto fillOp = dyn_cast<linalg::FillOp>(op))
    return fill(std::get<DenseTensor>(results[0]), frame.getTensor(fillOp.getOutputs()[0]));
  recordStructured(op, frame, results);
  auto attnOp = dyn_cast<attn::StructuredOpInterface>(op);
  if (!attnOp)
    return;
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(attnOp, frame);
  if (!extents)
    return llvm::consumeError(extents.takeError());
  addFlops(attn::countFlops(attnOp, *extents));
  auto online = dyn_cast<attn::OnlineAttentionOp>(op);
  if (!online)
    return;
  // The scores of a tile are on chip while it is computed.
  SmallVector<AffineMap> maps = online.getMappedOperandMaps();
  attn::AttentionDims dims = *attn::AttentionDims::infer(maps[0], maps[1], maps[2]);
  int64_t scores = online.getComputeType().getWidth() / 8;
  for (auto [d, extent] : llvm::enumerate(*extents))
    if (d != dims.qk && d != dims.value)
      scores *= extent;
  counts.usedOnChipBytes = std::max(counts.usedOnChipBytes, use->onChip + scores);
}

llvm::Expected<SmallVector<EvaluateResult>> fovea::evaluateAndCount(func::FuncOp entry,
                                                                    ArrayRef<EvaluateArgument> arguments,
                                                                    int64_t onChipBytes, AccessCounts &counts) {
  AccessCounter counter(onChipBytes, counts);
  FunctionInterpreter interpreter(Precision::Reference, {}, 0, &counter);
  return evaluateBy(interpreter, Precision::Reference, entry, arguments);
}
