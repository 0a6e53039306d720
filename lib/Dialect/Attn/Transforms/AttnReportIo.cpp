//===- AttnReportIo.cpp - flops, traffic and roofline of attention --------===//
//
//   attn.attention ins(%q, %k, %v) ...
// ->
//   remark: form = query_outer, flops = ..., read_bytes = ..., intensity = ..., bound = memory, ...
//
// for the unfused form and both loop orders, as remarks, JSON or a roofline plot. The function stays as it is: clauses
// are expanded in a copy.
//
//===----------------------------------------------------------------------===//

#include "IoModel.h"
#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/RooflineSvg.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/ToolOutputFile.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNREPORTIOPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// One attention and what its forms cost.
struct AttentionReport {
  std::string function;
  Location loc;
  IoTiles tiles;
  std::pair<int64_t, int64_t> blocks; ///< Visited, of all.
  double theorem2;
  std::vector<IoCounts> forms;
};

struct AttnReportIoPass final : attn::impl::AttnReportIoPassBase<AttnReportIoPass> {
  using Base::Base;

  void runOnOperation() override;

private:
  IoTiles chooseTiles(AttentionOp op, const IoModel &model);
  void reportOp(AttentionOp op, StringRef function, std::vector<AttentionReport> &reports);
  void emitRemarks(const AttentionReport &report);
  void writeJson(llvm::raw_ostream &os, ArrayRef<AttentionReport> reports);
  void writeSvg(llvm::raw_ostream &os, ArrayRef<AttentionReport> reports);
  Roofline getRoof() const { return {peakFlops, bandwidth}; }
};

} // namespace

static double intensityOf(const IoCounts &counts) {
  return double(counts.flops) / std::max<double>(counts.getBytes(), 1);
}

/// Folds what clauses have become, so that offsets of masks are numbers.
static void simplify(Operation *root) {
  MLIRContext *context = root->getContext();
  RewritePatternSet patterns(context);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName name : context->getRegisteredOperations())
    name.getCanonicalizationPatterns(patterns, context);
  (void)applyPatternsGreedily(root, std::move(patterns));
}

IoTiles AttnReportIoPass::chooseTiles(AttentionOp op, const IoModel &model) {
  IoTiles tiles = model.getFittingTiles(onChipBytes);
  if (ConfigAttr config = findConfig(op))
    tiles.rows = config.getTileM(), tiles.keys = config.getTileN();
  if (tileM > 0)
    tiles.rows = tileM;
  if (tileN > 0)
    tiles.keys = tileN;
  return tiles;
}

void AttnReportIoPass::reportOp(AttentionOp op, StringRef function, std::vector<AttentionReport> &reports) {
  std::string whyNot;
  FailureOr<IoModel> model = IoModel::create(op, whyNot);
  if (failed(model)) {
    remark::missed(op.getLoc(), remark::RemarkOpts::name("ReportIo").category("attn")) << remark::reason("{0}", whyNot);
    return;
  }
  IoTiles tiles = chooseTiles(op, *model);
  reports.push_back({function.str(),
                     op.getLoc(),
                     tiles,
                     model->countBlocks(tiles),
                     model->getTheorem2(tiles.onChipBytes),
                     {model->countUnfused(tiles), model->countKeyOuter(tiles), model->countQueryOuter(tiles)}});
}

void AttnReportIoPass::emitRemarks(const AttentionReport &report) {
  for (const IoCounts &counts : report.forms) {
    double intensity = intensityOf(counts);
    auto remark = remark::analysis(report.loc, remark::RemarkOpts::name("ReportIo").category("attn"));
    remark << remark::metric("form", counts.form) << remark::metric("tile_m", report.tiles.rows)
           << remark::metric("tile_n", report.tiles.keys) << remark::metric("flops", counts.flops)
           << remark::metric("read_bytes", counts.readBytes) << remark::metric("written_bytes", counts.writtenBytes)
           << remark::metric("temporary_bytes", counts.temporaryBytes)
           << remark::metric("on_chip_bytes", counts.onChipBytes)
           << remark::metric("fits", counts.onChipBytes <= report.tiles.onChipBytes ? "yes" : "no")
           << remark::metric("flops_per_byte", intensity)
           << remark::metric("bound", getRoof().isMemoryBound(intensity) ? "memory" : "compute");
  }
}

void AttnReportIoPass::writeJson(llvm::raw_ostream &os, ArrayRef<AttentionReport> reports) {
  Roofline roof = getRoof();
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.array([&] {
    for (const AttentionReport &report : reports)
      json.object([&] {
        json.attribute("function", report.function);
        json.attribute("tile_m", report.tiles.rows);
        json.attribute("tile_n", report.tiles.keys);
        json.attribute("on_chip", report.tiles.onChipBytes);
        json.attribute("blocks_visited", report.blocks.first);
        json.attribute("blocks", report.blocks.second);
        json.attribute("theorem_2_elements", report.theorem2);
        json.attributeArray("forms", [&] {
          for (const IoCounts &counts : report.forms)
            json.object([&] {
              double intensity = intensityOf(counts);
              json.attribute("form", counts.form);
              json.attribute("flops", counts.flops);
              json.attribute("read_bytes", counts.readBytes);
              json.attribute("written_bytes", counts.writtenBytes);
              json.attribute("temporary_bytes", counts.temporaryBytes);
              if (counts.onChipBytes > 0) {
                json.attribute("on_chip_bytes", counts.onChipBytes);
                json.attribute("fits", counts.onChipBytes <= report.tiles.onChipBytes);
              }
              json.attribute("flops_per_byte", intensity);
              json.attribute("attainable_flops", roof.getAttainable(intensity));
              json.attribute("bound", roof.isMemoryBound(intensity) ? "memory" : "compute");
            });
        });
      });
  });
  os << "\n";
}

void AttnReportIoPass::writeSvg(llvm::raw_ostream &os, ArrayRef<AttentionReport> reports) {
  std::vector<RooflinePoint> points;
  constexpr unsigned levels = 9;
  for (const AttentionReport &report : reports)
    for (const IoCounts &counts : report.forms)
      points.push_back(
          {"@" + report.function + " " + counts.form.str(), intensityOf(counts), unsigned(points.size() % levels)});
  writeRooflineSvg(os, getRoof(), points);
}

void AttnReportIoPass::runOnOperation() {
  if (onChipBytes < 1 || tileM < 0 || tileN < 0 || !(peakFlops > 0) || !(bandwidth > 0)) {
    getOperation()->emitError("attn-report-io: on-chip, peak-flops and bandwidth must be positive, tiles not negative");
    return signalPassFailure();
  }
  std::vector<AttentionReport> reports;
  OwningOpRef<Operation *> copy = getOperation()->clone();
  IRRewriter rewriter(&getContext());
  SmallVector<AttentionOp> ops;
  copy->walk([&](AttentionOp op) { ops.push_back(op); });
  for (AttentionOp op : ops)
    if (failed(expandClauses(rewriter, op)))
      return signalPassFailure();
  simplify(*copy);
  copy->walk([&](AttentionOp op) {
    auto function = op->getParentOfType<func::FuncOp>();
    reportOp(op, function ? function.getSymName() : "", reports);
  });
  if (format == ReportFormat::Remark) {
    for (const AttentionReport &report : reports)
      emitRemarks(report);
    return markAllAnalysesPreserved();
  }
  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(output, &message);
  if (!file) {
    getOperation()->emitError("attn-report-io: ") << message;
    return signalPassFailure();
  }
  if (format == ReportFormat::Json)
    writeJson(file->os(), reports);
  else
    writeSvg(file->os(), reports);
  file->keep();
  markAllAnalysesPreserved();
}
