//===- MatrixUnitTest.cpp - Permission to use the CPU's matrix unit -------===//

#include "fovea/runtime.h"

#include <gtest/gtest.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

/// The answer is that of the kernel, again and again; a refusal says so.
TEST(MatrixUnit, SaysWhatTheKernelDoes) {
  foveaClearLastError();
  int first = foveaRequestMatrixUnit();
  EXPECT_EQ(first, foveaRequestMatrixUnit());
#if defined(__x86_64__)
  constexpr long getPermission = 0x1022, tileData = 18; // ARCH_GET_XCOMP_PERM
  unsigned long granted = 0;
  bool known = syscall(SYS_arch_prctl, getPermission, &granted) == 0;
  EXPECT_EQ(first == 0, known && (granted >> tileData & 1) != 0);
#else
  EXPECT_EQ(first, -1);
#endif
  if (first != 0)
    EXPECT_NE(std::string(foveaGetLastError()).find("AMX"), std::string::npos);
}
