//===- RooflineSvg.cpp - programs on a roofline ---------------------------===//

#include "fovea/Dialect/Attn/Transforms/RooflineSvg.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir::attn;

namespace {
constexpr double width = 640, height = 400, left = 70, right = 20, top = 20, bottom = 50;

/// Positions of numbers on an axis of whole decades.
struct LogAxis {
  int first, last;
  double begin, end;

  double at(double value) const { return begin + (std::log10(value) - first) / (last - first) * (end - begin); }
};

/// Axes around the points and the ridge of the roof.
struct Plot {
  LogAxis x, y;

  Plot(const Roofline &roof, llvm::ArrayRef<RooflinePoint> points) {
    double low = roof.peakFlops / roof.bandwidth, high = low, slowest = roof.peakFlops;
    for (const RooflinePoint &point : points) {
      low = std::min(low, point.intensity);
      high = std::max(high, point.intensity);
      slowest = std::min(slowest, point.measuredFlops.value_or(slowest));
    }
    x = {int(std::floor(std::log10(low))), int(std::ceil(std::log10(high) + 0.3)), left, width - right};
    y = {int(std::floor(std::log10(std::min(std::pow(10.0, x.first) * roof.bandwidth, slowest)))),
         int(std::ceil(std::log10(roof.peakFlops) + 0.1)), height - bottom, top};
  }
};
} // namespace

static void writeText(llvm::raw_ostream &os, double x, double y, llvm::StringRef anchor, llvm::StringRef text) {
  os << llvm::format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"", x, y) << anchor << "\">";
  for (char c : text)
    (c == '<' ? os << "&lt;" : c == '&' ? os << "&amp;" : os << c);
  os << "</text>\n";
}

static void writeAxes(llvm::raw_ostream &os, const Plot &plot) {
  for (int decade = plot.x.first; decade <= plot.x.last; ++decade) {
    double x = plot.x.at(std::pow(10.0, decade));
    os << llvm::format("<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, plot.y.begin, x,
                       plot.y.end);
    writeText(os, x, height - bottom + 18, "middle", "1e" + std::to_string(decade));
  }
  for (int decade = plot.y.first; decade <= plot.y.last; ++decade) {
    double y = plot.y.at(std::pow(10.0, decade));
    os << llvm::format("<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", plot.x.begin, y,
                       plot.x.end, y);
    writeText(os, left - 6, y + 4, "end", "1e" + std::to_string(decade));
  }
  writeText(os, (left + width - right) / 2, height - 12, "middle", "flops per byte");
  writeText(os, left, top - 6, "start", "flops per second");
}

void mlir::attn::writeRooflineSvg(llvm::raw_ostream &os, const Roofline &roof, llvm::ArrayRef<RooflinePoint> points) {
  Plot plot(roof, points);
  os << llvm::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
                     "font-size=\"11\">\n",
                     width, height);
  os << "<style>.grid{stroke:#ddd}.roof{stroke:#000;fill:none;stroke-width:2}circle{fill:#06c}</style>\n";
  writeAxes(os, plot);
  double start = std::pow(10.0, plot.x.first), end = std::pow(10.0, plot.x.last);
  double ridge = roof.peakFlops / roof.bandwidth;
  os << "<polyline class=\"roof\" points=\"";
  for (double intensity : {start, ridge, end})
    os << llvm::format("%.1f,%.1f ", plot.x.at(intensity), plot.y.at(roof.getAttainable(intensity)));
  os << "\"/>\n";
  for (const RooflinePoint &point : points) {
    double x = plot.x.at(point.intensity),
           y = plot.y.at(point.measuredFlops.value_or(roof.getAttainable(point.intensity)));
    os << llvm::format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", x, y);
    bool isRight = x > (left + width - right) * 3 / 4;
    writeText(os, isRight ? x - 8 : x + 8, y + 16 + 14 * point.level, isRight ? "end" : "start", point.label);
  }
  os << "</svg>\n";
}
