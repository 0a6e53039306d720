//===- BenchReport.cpp - a bench as a table, as data and as a plot --------===//

#include "fovea/Bench/Bench.h"
#include "fovea/Dialect/Attn/Transforms/RooflineSvg.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/TargetParser/Host.h"

using namespace fovea;

bool BenchReport::passed() const {
  return llvm::all_of(results, [](const BenchResult &result) { return result.error.empty() && result.passed; });
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

/// Text in a cell of a table: one line, and no bar of its own.
static std::string inCell(llvm::StringRef text) {
  std::string line = text.split('\n').first.str();
  std::replace(line.begin(), line.end(), '|', '/');
  return line;
}

static void writeRow(llvm::raw_ostream &os, size_t number, const BenchResult &result) {
  os << "| " << number << " | " << inCell(result.description) << " | ";
  if (!result.error.empty()) {
    os << "| | | | | | refused: " << inCell(result.error) << " |\n";
    return;
  }
  double median = result.getMedian();
  os << llvm::format("%.3f (%.3f .. %.3f) | ", 1e3 * median, 1e3 * *llvm::min_element(result.seconds),
                     1e3 * *llvm::max_element(result.seconds));
  if (result.flops > 0)
    os << llvm::format("%.1f", result.flops / median * 1e-9) << (result.dense ? " dense" : "");
  os << llvm::format(" | %.2f | ", (result.readBytes + result.writtenBytes) / median * 1e-9);
  if (result.bound.empty())
    os << "| | ";
  else
    os << llvm::format("%.3f | ", result.share) << result.bound << " | ";
  if (result.peakFlops > 0)
    os << llvm::format("%.0f GFLOP/s ", result.peakFlops * 1e-9) << result.unit;
  if (result.readBandwidth > 0)
    os << llvm::format(", %.1f GB/s read", result.readBandwidth * 1e-9);
  if (result.copyBandwidth > 0)
    os << llvm::format(", %.1f copy", result.copyBandwidth * 1e-9);
  os << " | " << inCell(result.check) << " |\n";
}

void BenchReport::writeMarkdown(llvm::raw_ostream &os) const {
  std::string place = "nowhere";
  for (const BenchResult &result : results)
    if (!result.place.empty())
      place = result.place;
  os << "On " << place << "; medians of " << rounds << " rounds in rotated order, each the median of its calls.\n\n"
     << "| # | problem | ms (min .. max) | GFLOP/s | GB/s | of the ceiling | bound | ceilings | check |\n"
     << "|---|---|---|---|---|---|---|---|---|\n";
  for (auto [number, result] : llvm::enumerate(results))
    writeRow(os, number + 1, result);
  os << "\nEach again:\n\n```sh\n";
  for (const BenchResult &result : results)
    os << result.reproducer << "\n";
  os << "```\n";
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

void BenchReport::writeJson(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("tool", "fovea-bench");
    json.attribute(
        "time", llvm::formatv("{0:%Y-%m-%dT%H:%M:%S}", llvm::sys::TimePoint<>(std::chrono::system_clock::now())).str());
    json.attribute("cpu", llvm::sys::getHostCPUName());
    json.attribute("rounds", rounds);
    json.attributeArray("cells", [&] {
      for (const BenchResult &result : results)
        json.object([&] {
          json.attribute("problem", result.description);
          json.attribute("command", result.reproducer);
          if (!result.error.empty()) {
            json.attribute("error", result.error);
            return;
          }
          json.attribute("place", result.place);
          json.attribute("calls_per_round", result.calls);
          json.attributeArray("seconds", [&] {
            for (double seconds : result.seconds)
              json.value(seconds);
          });
          json.attribute("median_seconds", result.getMedian());
          json.attribute("compile_seconds", result.compileSeconds);
          if (result.flops > 0) {
            json.attribute("flops", result.flops);
            json.attribute("flops_without_mask", result.dense);
          }
          json.attribute("read_bytes", result.readBytes);
          json.attribute("written_bytes", result.writtenBytes);
          json.attribute("check", result.check);
          json.attribute("passed", result.passed);
          if (result.bound.empty())
            return;
          if (result.peakFlops > 0) {
            json.attribute("peak_flops", result.peakFlops);
            json.attribute("peak_unit", result.unit);
          }
          if (result.readBandwidth > 0)
            json.attribute("read_bandwidth", result.readBandwidth);
          if (result.copyBandwidth > 0)
            json.attribute("copy_bandwidth", result.copyBandwidth);
          json.attribute("share_of_ceiling", result.share);
          json.attribute("bound", result.bound);
        });
    });
  });
  os << "\n";
}

//===----------------------------------------------------------------------===//
// Plot
//===----------------------------------------------------------------------===//

llvm::Error BenchReport::writeSvg(llvm::raw_ostream &os) const {
  mlir::attn::Roofline roof{0, 0};
  std::vector<mlir::attn::RooflinePoint> points;
  constexpr unsigned levels = 5;
  for (auto [number, result] : llvm::enumerate(results)) {
    roof.peakFlops = std::max(roof.peakFlops, result.peakFlops);
    roof.bandwidth = std::max(roof.bandwidth, result.readBandwidth);
    if (!result.error.empty() || result.flops == 0)
      continue;
    mlir::attn::RooflinePoint point;
    point.label = std::to_string(number + 1);
    point.intensity = result.flops / (result.readBytes + result.writtenBytes);
    point.level = points.size() % levels;
    point.measuredFlops = result.flops / result.getMedian();
    points.push_back(std::move(point));
  }
  if (points.empty())
    return llvm::createStringError("no problem whose operations are known has run, so there is nothing to plot");
  if (roof.peakFlops == 0 || roof.bandwidth == 0)
    return llvm::createStringError("nothing is known of what this device can do at most; --peak-flops and --bandwidth "
                                   "say it");
  mlir::attn::writeRooflineSvg(os, roof, points);
  return llvm::Error::success();
}
