#include "fovea/Dialect/Attn/IR/Attn.h"
using namespace mlir;
using namespace mlir::attn;
bool AttentionOp::hasSugar() {
  return getCausal() || getAlignment() || getWindowLeft() || getWindowRight() || getSoftcap() || getBias() || getKeep() || getAlibi();
}
void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
void OnlineAttentionOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
void SoftmaxOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
