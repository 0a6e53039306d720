//===- CudaCeilingKernels.cpp - the same for a GPU, as PTX ----------------===//

#include "CudaCeilingKernels.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace fovea;

/// Two warpgroups multiply the same tiles of 64 x 64 and 256 x 64 again and again, in rows of 128 swizzled bytes; the
/// descriptor of the next 16 columns is 2 further on. Ordinary numbers: zeros are multiplied faster.
static std::string writeProducts(llvm::StringRef type) {
  constexpr int registers = 128, unroll = 4;
  auto names = [](const char *format) {
    return llvm::join(llvm::map_range(llvm::seq(registers), [&](int i) { return llvm::formatv(format, i).str(); }), "");
  };
  std::string list = names("%f{0}, "), zero = names("  mov.f32 %f{0}, 0f00000000;\n"), products;
  list.resize(list.size() - 2);
  for (int i = 0; i != unroll; ++i)
    for (int k = 0; k != 4; ++k)
      products +=
          llvm::formatv("  wgmma.mma_async.sync.aligned.m64n256k16.f32.{0}.{0} {{{1}}, %a{2}, %b{2}, 1, 1, 1, 0, 0;\n",
                        type, list, k)
              .str();
  std::string operands;
  for (int k = 0; k != 4; ++k)
    operands += llvm::formatv("  add.s64 %a{0}, %a, {1};\n  add.s64 %b{0}, %b, {1};\n", k, 2 * k).str();
  // From 0x3800 to 0x38ff: 0.5 to 0.62 in f16, 3.1e-5 to 1.2e-4 in bf16.
  constexpr char text[] =
      R"(.visible .entry products_{0}(.param .u32 n, .param .u64 sink) .maxntid 256, 1, 1
{{
  .shared .align 1024 .b8 tiles[40960];
  .reg .pred %p;
  .reg .b16 %h;
  .reg .b32 %i, %n, %at, %base, %t, %x;
  .reg .b64 %a, %b, %address, %sink, %wide, %a<4>, %b<4>;
  .reg .f32 %f<128>;
  mov.u32 %t, %tid.x;
  mov.u32 %base, tiles;
  shl.b32 %i, %t, 1;
$fill:
  mul.lo.u32 %x, %i, 40503;
  shr.u32 %x, %x, 8;
  and.b32 %x, %x, 0xff;
  or.b32 %x, %x, 0x3800;
  cvt.u16.u32 %h, %x;
  add.u32 %at, %base, %i;
  st.shared.b16 [%at], %h;
  add.u32 %i, %i, 512;
  setp.lt.u32 %p, %i, 40960;
  @%p bra $fill;
  fence.proxy.async;
  bar.sync 0;
  cvt.u64.u32 %address, %base;
  shr.u64 %address, %address, 4;
  mov.u64 %wide, 0x4000004000010000;
  or.b64 %a, %address, %wide;
  add.s64 %b, %a, 512;
{1}{2}  ld.param.u32 %n, [n];
$loop:
  wgmma.fence.sync.aligned;
{3}  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
  sub.u32 %n, %n, 1;
  setp.ne.u32 %p, %n, 0;
  @%p bra $loop;
  ld.param.u64 %sink, [sink];
  cvta.to.global.u64 %sink, %sink;
  mul.wide.u32 %wide, %t, 4;
  add.s64 %sink, %sink, %wide;
  st.global.f32 [%sink], %f0;
  ret;
}
)";
  return llvm::formatv(text, type, operands, zero, products).str();
}

/// A block takes vectorsPerBlock vectors, a thread vectorsPerThread of them before it uses any.
static std::string writeMemory(llvm::StringRef name, llvm::StringRef parameters, const char *load, const char *use,
                               llvm::StringRef after) {
  std::string loads, uses;
  for (int j = 0; j != vectorsPerThread; ++j) {
    loads += llvm::formatv("  setp.lt.u64 %p{0}, %i{0}, %count;\n  shl.b64 %at{0}, %i{0}, 4;\n"
                           "  add.s64 %from{0}, %from, %at{0};\n  @%p{0} {1}\n",
                           j, llvm::formatv(load, j).str())
                 .str();
    uses += llvm::formatv(use, j).str();
  }
  std::string indices;
  for (int j = 0; j != vectorsPerThread; ++j)
    indices += llvm::formatv("  add.s64 %i{0}, %first, {1};\n  mov.b32 %x{0}, 0;\n  mov.b32 %y{0}, 0;\n"
                             "  mov.b32 %z{0}, 0;\n  mov.b32 %w{0}, 0;\n",
                             j, j * cudaMemoryThreads)
                   .str();
  constexpr char text[] = R"(.visible .entry {0}({1}) .maxntid 256, 1, 1
{{
  .reg .pred %p<4>, %any;
  .reg .b32 %t, %block, %x<4>, %y<4>, %z<4>, %w<4>, %all;
  .reg .b64 %first, %wide, %from, %to, %count, %i<4>, %at<4>, %from<4>, %to<4>;
  mov.u32 %t, %tid.x;
  mov.u32 %block, %ctaid.x;
  mul.wide.u32 %first, %block, {2};
  cvt.u64.u32 %wide, %t;
  add.s64 %first, %first, %wide;
  ld.param.u64 %from, [from];
  cvta.to.global.u64 %from, %from;
  ld.param.u64 %count, [vectors];
  ld.param.u64 %to, [to];
  cvta.to.global.u64 %to, %to;
  mov.b32 %all, 0;
{3}{4}{5}{6}  ret;
}
)";
  return llvm::formatv(text, name, parameters, vectorsPerBlock, indices, loads, uses, after).str();
}

std::string fovea::writeCudaCeilingKernels() {
  constexpr char load[] = "ld.global.v4.b32 {{%x{0}, %y{0}, %z{0}, %w{0}}, [%from{0}];";
  return ".version 8.0\n.target sm_90a\n.address_size 64\n" + writeProducts("bf16") + writeProducts("f16") +
         writeMemory("read", ".param .u64 from, .param .u64 vectors, .param .u64 to", load,
                     "  xor.b32 %x{0}, %x{0}, %y{0};\n  xor.b32 %z{0}, %z{0}, %w{0};\n  xor.b32 %x{0}, %x{0}, %z{0};\n"
                     "  xor.b32 %all, %all, %x{0};\n",
                     // What is read must be of use to someone, at least in one of 2^32 cases.
                     "  setp.eq.u32 %any, %all, 0x9e3779b9;\n  @%any st.global.b32 [%to], %all;\n") +
         writeMemory("copy", ".param .u64 from, .param .u64 to, .param .u64 vectors", load,
                     "  add.s64 %to{0}, %to, %at{0};\n"
                     "  @%p{0} st.global.v4.b32 [%to{0}], {{%x{0}, %y{0}, %z{0}, %w{0}};\n",
                     "");
}
