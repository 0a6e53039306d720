//===- CeilingKernels.cpp - code that does one thing as fast as it goes ---===//

#include "CeilingKernels.h"
#include "fovea/Target/CpuCode.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"

using namespace fovea;

CeilingKernels::CeilingKernels() = default;
CeilingKernels::CeilingKernels(CeilingKernels &&) noexcept = default;
CeilingKernels &CeilingKernels::operator=(CeilingKernels &&) noexcept = default;
CeilingKernels::~CeilingKernels() = default;

//===----------------------------------------------------------------------===//
// LLVM IR
//===----------------------------------------------------------------------===//

/// Chains of an operation on vectors, each waiting for its own last one only. `rest` is what it takes beside the last
/// result, its first operand.
static std::string writeChains(llvm::StringRef name, llvm::StringRef element, int64_t lanes, int64_t chains,
                               llvm::StringRef operation, llvm::StringRef rest, llvm::StringRef restTypes) {
  std::string vector = llvm::formatv("<{0} x {1}>", lanes, element).str();
  std::string phis, body, tail;
  for (int64_t chain = 0; chain < chains; ++chain) {
    phis += llvm::formatv("  %a{0} = phi {1} [ splat ({2} {3}.0), %entry ], [ %b{0}, %loop ]\n", chain, vector, element,
                          chain)
                .str();
    body += llvm::formatv("  %b{0} = call {1} @{2}({1} %a{0}, {3})\n", chain, vector, operation, rest).str();
    tail += llvm::formatv("  %s{0} = fadd {1} {2}, %b{0}\n", chain, vector,
                          chain == 0 ? std::string("zeroinitializer") : llvm::formatv("%s{0}", chain - 1).str())
                .str();
  }
  return llvm::formatv("define void @{0}(i64 %n, ptr %sink) {{\nentry:\n  br label %loop\nloop:\n"
                       "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n{1}{2}"
                       "  %next = add i64 %i, 1\n  %more = icmp slt i64 %next, %n\n"
                       "  br i1 %more, label %loop, label %end\nend:\n{3}"
                       "  store {4} %s{5}, ptr %sink, align 8\n  ret void\n}\n"
                       "declare {4} @{6}({4}, {7})\n",
                       name, phis, body, tail, vector, chains - 1, operation, restTypes)
      .str();
}

static std::string writeFma(llvm::StringRef name, llvm::StringRef element, int64_t lanes, int64_t chains) {
  std::string vector = llvm::formatv("<{0} x {1}>", lanes, element).str();
  std::string fma = llvm::formatv("llvm.fma.v{0}{1}", lanes, element == "float" ? "f32" : "f64").str();
  std::string rest = llvm::formatv("{0} splat ({1} 0.5), {0} splat ({1} 0.25)", vector, element).str();
  return writeChains(name, element, lanes, chains, fma, rest, vector + ", " + vector);
}

/// Pairs of bf16, of AVX512_BF16.
static std::string writePairs(int64_t chains) {
  return writeChains("pairs_bf16", "float", 16, chains, "llvm.x86.avx512bf16.dpbf16ps.512",
                     "<32 x bfloat> splat (bfloat 0.5), <32 x bfloat> splat (bfloat 0.25)",
                     "<32 x bfloat>, <32 x bfloat>");
}

/// A loop over blocks: `body` uses %at, the byte that a block begins at.
static std::string writeBlocks(llvm::StringRef signature, llvm::StringRef phis, llvm::StringRef body,
                               llvm::StringRef tail) {
  return llvm::formatv("define void @{0} {{\nentry:\n  %any = icmp sgt i64 %bytes, 0\n"
                       "  br i1 %any, label %loop, label %end\nloop:\n"
                       "  %at = phi i64 [ 0, %entry ], [ %next, %loop ]\n{1}{2}"
                       "  %next = add i64 %at, {3}\n  %more = icmp slt i64 %next, %bytes\n"
                       "  br i1 %more, label %loop, label %end\nend:\n{4}  ret void\n}\n",
                       signature, phis, body, CeilingKernels::blockBytes, tail)
      .str();
}

/// Several streams in each block: one alone is slower.
static std::string writeRead(int64_t vectorBytes) {
  std::string vector = llvm::formatv("<{0} x i64>", vectorBytes / 8).str(), phis, body, tail;
  constexpr int64_t streams = 8;
  std::string last[streams];
  for (int64_t s = 0; s < streams; ++s) {
    phis += llvm::formatv("  %p{0} = phi {1} [ zeroinitializer, %entry ], [ %q{0}, %loop ]\n", s, vector).str();
    last[s] = llvm::formatv("%p{0}", s).str();
  }
  int64_t perStream = CeilingKernels::blockBytes / streams / vectorBytes;
  for (int64_t i = 0; i < perStream; ++i)
    for (int64_t s = 0; s < streams; ++s) {
      std::string now = i + 1 == perStream ? llvm::formatv("%q{0}", s).str() : llvm::formatv("%x{0}_{1}", s, i).str();
      body += llvm::formatv("  %o{0}_{1} = add i64 %at, {2}\n  %g{0}_{1} = getelementptr i8, ptr %from, i64 %o{0}_{1}\n"
                            "  %v{0}_{1} = load {3}, ptr %g{0}_{1}, align 8\n  {4} = xor {3} {5}, %v{0}_{1}\n",
                            s, i, (s * perStream + i) * vectorBytes, vector, now, last[s])
                  .str();
      last[s] = now;
    }
  std::string all = "zeroinitializer";
  for (int64_t s = 0; s < streams; ++s) {
    tail += llvm::formatv("  %r{0} = phi {1} [ zeroinitializer, %entry ], [ %q{0}, %loop ]\n", s, vector).str();
  }
  for (int64_t s = 0; s < streams; ++s) {
    tail += llvm::formatv("  %t{0} = xor {1} {2}, %r{0}\n", s, vector, all).str();
    all = llvm::formatv("%t{0}", s).str();
  }
  tail += llvm::formatv("  store {0} {1}, ptr %sink, align 8\n", vector, all).str();
  return writeBlocks("read(ptr %from, i64 %bytes, ptr %sink)", phis, body, tail);
}

static std::string writeCopy(llvm::StringRef name, int64_t vectorBytes, bool nonTemporal) {
  std::string vector = llvm::formatv("<{0} x i64>", vectorBytes / 8).str(), body;
  for (int64_t i = 0; i < CeilingKernels::blockBytes / vectorBytes; ++i)
    body += llvm::formatv("  %o{0} = add i64 %at, {1}\n  %f{0} = getelementptr i8, ptr %from, i64 %o{0}\n"
                          "  %t{0} = getelementptr i8, ptr %to, i64 %o{0}\n  %v{0} = load {2}, ptr %f{0}, align {3}\n"
                          "  store {2} %v{0}, ptr %t{0}, align {3}{4}\n",
                          i, i * vectorBytes, vector, vectorBytes, nonTemporal ? ", !nontemporal !0" : "")
                .str();
  return writeBlocks(llvm::formatv("{0}(ptr noalias %from, ptr noalias %to, i64 %bytes)", name).str(), "", body, "");
}

/// Two tiles of A times two of B, into four sums.
static std::string writeAmx() {
  std::string text = "define void @amx_bf16(i64 %n, ptr %tiles) {\nentry:\n";
  for (int64_t t = 0; t < 4; ++t)
    text += llvm::formatv("  %p{0} = getelementptr i8, ptr %tiles, i64 {1}\n"
                          "  %t{0} = call x86_amx @llvm.x86.tileloadd64.internal(i16 16, i16 64, ptr %p{0}, i64 64)\n"
                          "  %z{0} = call x86_amx @llvm.x86.tilezero.internal(i16 16, i16 64)\n",
                          t, t * 1024)
                .str();
  text += "  br label %loop\nloop:\n  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n";
  for (int64_t c = 0; c < 4; ++c)
    text += llvm::formatv("  %c{0} = phi x86_amx [ %z{0}, %entry ], [ %d{0}, %loop ]\n", c).str();
  for (int64_t c = 0; c < 4; ++c)
    text += llvm::formatv("  %d{0} = call x86_amx @llvm.x86.tdpbf16ps.internal(i16 16, i16 64, i16 64, x86_amx %c{0}, "
                          "x86_amx %t{1}, x86_amx %t{2})\n",
                          c, c / 2, 2 + c % 2)
                .str();
  text += "  %next = add i64 %i, 1\n  %more = icmp slt i64 %next, %n\n  br i1 %more, label %loop, label %end\nend:\n";
  for (int64_t c = 0; c < 4; ++c)
    text += llvm::formatv(
                "  call void @llvm.x86.tilestored64.internal(i16 16, i16 64, ptr %p{0}, i64 64, x86_amx %d{0})\n", c)
                .str();
  return text + "  ret void\n}\n"
                "declare x86_amx @llvm.x86.tilezero.internal(i16, i16)\n"
                "declare x86_amx @llvm.x86.tileloadd64.internal(i16, i16, ptr, i64)\n"
                "declare void @llvm.x86.tilestored64.internal(i16, i16, ptr, i64, x86_amx)\n"
                "declare x86_amx @llvm.x86.tdpbf16ps.internal(i16, i16, i16, x86_amx, x86_amx, x86_amx)\n";
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

llvm::Expected<CeilingKernels> CeilingKernels::compile(const CpuModel &cpu) {
  CeilingKernels kernels;
  kernels.vectorBytes = cpu.vectorBytes;
  if (cpu.vectorRegisters >= 32)
    kernels.fmaChains = 24;
  std::string text = writeFma("fma_f32", "float", cpu.vectorBytes / 4, kernels.fmaChains) +
                     writeFma("fma_f64", "double", cpu.vectorBytes / 8, kernels.fmaChains) +
                     writeRead(cpu.vectorBytes) + writeCopy("copy", cpu.vectorBytes, false) +
                     writeCopy("copy_nt", cpu.vectorBytes, true) + (cpu.hasAmxBf16 ? writeAmx() : "") +
                     (cpu.hasFastBf16Pairs ? writePairs(kernels.fmaChains) : "") + "!0 = !{i32 1}\n";
  auto context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, diagnostic, *context);
  if (!module)
    return llvm::createStringError("the kernels that measure ceilings: " + diagnostic.getMessage());
  // Explicit vectors stay as they are written.
  for (llvm::Function &function : *module)
    if (!function.isDeclaration()) {
      function.addFnAttr("min-legal-vector-width", std::to_string(8 * cpu.vectorBytes));
      function.addFnAttr("prefer-vector-width", std::to_string(8 * cpu.vectorBytes));
    }
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(getTargetMachineBuilder(cpu, 2)).create();
  if (!jit)
    return jit.takeError();
  kernels.jit = std::move(*jit);
  if (llvm::Error error = kernels.jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  llvm::Error failed = llvm::Error::success();
  auto find = [&](auto &pointer, const char *name) {
    auto address = kernels.jit->lookup(name);
    if (address)
      pointer = address->toPtr<std::remove_reference_t<decltype(pointer)>>();
    else
      failed = llvm::joinErrors(std::move(failed), address.takeError());
  };
  find(kernels.fmaF32, "fma_f32");
  find(kernels.fmaF64, "fma_f64");
  find(kernels.read, "read");
  find(kernels.copy, "copy");
  find(kernels.copyNonTemporal, "copy_nt");
  if (cpu.hasAmxBf16)
    find(kernels.amxBF16, "amx_bf16");
  if (cpu.hasFastBf16Pairs)
    find(kernels.pairsBF16, "pairs_bf16");
  if (failed)
    return failed;
  return kernels;
}
