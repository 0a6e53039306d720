//===- Stopwatch.h - Seconds on the host ------------------------*- C++ -*-===//

#ifndef FOVEA_LIB_EXECUTE_STOPWATCH_H
#define FOVEA_LIB_EXECUTE_STOPWATCH_H

#include <chrono>

namespace fovea {

class Stopwatch {
public:
  double getSeconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_STOPWATCH_H
