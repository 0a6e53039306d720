//===- BufferizableOpInterfaceImpl.cpp - attn ops on buffers --------------===//
//
// Destination style decides everything: results live in the buffers of the outputs, inputs are read. The op on buffers
// is the same op without results. A region that takes a capture whole gets the buffer as its argument.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::bufferization;

/// Gives the region the buffers of the captures that it takes whole.
static void bufferizeCaptures(RewriterBase &rewriter, Region &region, unsigned first, OperandRange captures) {
  if (region.empty())
    return;
  OpBuilder::InsertionGuard guard(rewriter);
  Block &block = region.front();
  rewriter.setInsertionPointToStart(&block);
  for (auto [i, capture] : llvm::enumerate(captures)) {
    BlockArgument argument = block.getArgument(first + i);
    auto tensorType = dyn_cast<RankedTensorType>(argument.getType());
    if (!tensorType)
      continue;
    argument.setType(capture.getType());
    auto tensor = ToTensorOp::create(rewriter, argument.getLoc(), tensorType, argument, /*restrict=*/true,
                                     /*writable=*/false);
    rewriter.replaceAllUsesExcept(argument, tensor.getResult(), tensor);
  }
}

namespace {
template <typename OpTy> struct AttnOpModel final : DstBufferizableOpInterfaceExternalModel<AttnOpModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    // States are read; the outputs of the others are overwritten without a look.
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
           isa<OnlineAttentionOp, OnlineSoftmaxOp, MergeOp>(op);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto destination = cast<DestinationStyleOpInterface>(op);
    if (destination.hasPureBufferSemantics())
      return success();
    SmallVector<Value> operands;
    SmallVector<Value> outputs;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (isa<TensorType>(value.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        value = *buffer;
      }
      operands.push_back(value);
      if (destination.isDpsInit(&operand))
        outputs.push_back(value);
    }
    OperationState newState(op->getLoc(), op->getName(), operands, TypeRange(),
                            op->getDiscardableAttrDictionary().getValue());
    newState.propertiesAttr = op->getPropertiesAsAttribute();
    for (unsigned i = 0, e = op->getNumRegions(); i != e; ++i)
      newState.addRegion()->takeBody(op->getRegion(i));
    rewriter.setInsertionPoint(op);
    Operation *buffered = rewriter.create(newState);
    if (auto scoreOp = dyn_cast<ScoreOpInterface>(buffered)) {
      bufferizeCaptures(rewriter, scoreOp.getScore(), 1, scoreOp.getCaptures());
      bufferizeCaptures(rewriter, scoreOp.getMask(), 0, scoreOp.getCaptures());
    }
    replaceOpWithBufferizedValues(rewriter, op, outputs);
    return success();
  }
};
} // namespace

void attn::registerBufferizableOpInterfaceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttnDialect *) {
    AttentionOp::attachInterface<AttnOpModel<AttentionOp>>(*context);
    OnlineAttentionOp::attachInterface<AttnOpModel<OnlineAttentionOp>>(*context);
    FinalizeOp::attachInterface<AttnOpModel<FinalizeOp>>(*context);
    MergeOp::attachInterface<AttnOpModel<MergeOp>>(*context);
    PackOp::attachInterface<AttnOpModel<PackOp>>(*context);
    SoftmaxOp::attachInterface<AttnOpModel<SoftmaxOp>>(*context);
    OnlineSoftmaxOp::attachInterface<AttnOpModel<OnlineSoftmaxOp>>(*context);
    NormalizeOp::attachInterface<AttnOpModel<NormalizeOp>>(*context);
    CrossEntropyOp::attachInterface<AttnOpModel<CrossEntropyOp>>(*context);
  });
}
