//===- ForallToRuntime.cpp - parallel loops become runtime calls ----------===//
//
//   scf.forall (%i, %j) in (%m, 4) {       llvm.call @foveaParallelFor(
//     ... %buffer ...                 ->       %count, @f_body_0, %context)
//   }
//
//   func private @f_body_0(%context, %index): loads what the body uses from
//   outside, finds %i and %j from %index (the first dimension is the slowest),
//   and runs the body.
//
// A loop inside a body is outlined in turn; the runtime runs it in order unless
// the loop around it has one iteration only.
//
// The runtime hands out indices in ascending order. A dimension along which
// iterations become longer, as the tiles below a causal diagonal do, is run
// backwards, so that no long one is left to the end.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"

#include "IterationLength.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace fovea {
#define GEN_PASS_DEF_FORALLTORUNTIMEPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

constexpr llvm::StringLiteral parallelForName = "foveaParallelFor";

/// What the body takes from outside.
struct Captures {
  SmallVector<Value> constants; ///< Cloned into the body.
  SmallVector<Value> passed;    ///< Fields of the context.
  LLVM::LLVMStructType contextType;
};

/// The extent of each dimension of a loop, and where it starts.
struct IterationSpace {
  SmallVector<Value> lowerBounds;
  SmallVector<Value> steps;
  SmallVector<Value> counts;
  SmallVector<bool> backwards;
};

class ForallOutliner {
public:
  ForallOutliner(ModuleOp module) : module(module), symbols(module), types(module.getContext()) {}

  /// Outlines `loop` and returns the function that holds its body.
  FailureOr<func::FuncOp> outline(scf::ForallOp loop);

private:
  FailureOr<Captures> getCaptures(scf::ForallOp loop, const IterationSpace &space);
  func::FuncOp createBody(scf::ForallOp loop, const IterationSpace &space, const Captures &captures);
  void createCall(ImplicitLocOpBuilder &builder, func::FuncOp caller, func::FuncOp body, const IterationSpace &space,
                  const Captures &captures);
  LLVM::LLVMFuncOp getParallelFor();

  ModuleOp module;
  SymbolTable symbols;
  LLVMTypeConverter types;
};

} // namespace

static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

/// ceil((upper - lower) / step), at least 0.
static Value createCount(ImplicitLocOpBuilder &b, Value lower, Value upper, Value step) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value span = b.createOrFold<arith::SubIOp>(upper, lower);
  Value count = b.createOrFold<arith::CeilDivSIOp>(span, step);
  return b.createOrFold<arith::MaxSIOp>(count, zero);
}

static IterationSpace createIterationSpace(ImplicitLocOpBuilder &b, scf::ForallOp loop) {
  IterationSpace space{loop.getLowerBound(b), loop.getStep(b), {}, {}};
  for (auto [lower, upper, step] : llvm::zip_equal(space.lowerBounds, loop.getUpperBound(b), space.steps)) {
    space.counts.push_back(createCount(b, lower, upper, step));
    space.backwards.push_back(fovea::growsWith(loop, space.backwards.size()));
  }
  return space;
}

/// The induction variables at position `index` of the iteration space.
static SmallVector<Value> createInductionVars(ImplicitLocOpBuilder &b, Value index, const IterationSpace &space,
                                              IRMapping &mapping) {
  SmallVector<Value> variables(space.counts.size());
  for (size_t dim = variables.size(); dim-- > 0;) {
    Value position = index;
    if (dim > 0) {
      Value count = mapping.lookup(space.counts[dim]);
      position = b.createOrFold<arith::RemUIOp>(index, count);
      index = b.createOrFold<arith::DivUIOp>(index, count);
    }
    if (space.backwards[dim]) {
      Value last =
          b.createOrFold<arith::SubIOp>(mapping.lookup(space.counts[dim]), arith::ConstantIndexOp::create(b, 1));
      position = b.createOrFold<arith::SubIOp>(last, position);
    }
    Value step = mapping.lookup(space.steps[dim]);
    Value scaled = b.createOrFold<arith::MulIOp>(position, step);
    Value lower = mapping.lookup(space.lowerBounds[dim]);
    variables[dim] = b.createOrFold<arith::AddIOp>(scaled, lower);
  }
  return variables;
}

FailureOr<Captures> ForallOutliner::getCaptures(scf::ForallOp loop, const IterationSpace &space) {
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  used.insert_range(space.lowerBounds);
  used.insert_range(space.steps);
  // The slowest position is what the others leave of the index.
  for (auto [dim, count] : llvm::enumerate(space.counts))
    if (dim > 0 || space.backwards[dim])
      used.insert(count);
  Captures captures;
  SmallVector<Type> fields;
  for (Value value : used) {
    if (isConstant(value)) {
      captures.constants.push_back(value);
      continue;
    }
    fields.push_back(types.convertType(value.getType()));
    if (!fields.back())
      return loop.emitOpError("body uses a value of type ") << value.getType() << ", which has no form in memory";
    captures.passed.push_back(value);
  }
  captures.contextType = LLVM::LLVMStructType::getLiteral(module.getContext(), fields);
  return captures;
}

/// Allocations of static size in nested loops would grow the stack with every
/// iteration; in the entry block they are part of the frame.
static void hoistStaticAllocas(func::FuncOp function) {
  Block &entry = function.getBody().front();
  SmallVector<memref::AllocaOp> allocas;
  function.walk([&](memref::AllocaOp op) {
    if (op->getNumOperands() == 0)
      allocas.push_back(op);
  });
  for (memref::AllocaOp op : llvm::reverse(allocas))
    op->moveBefore(&entry, entry.begin());
}

func::FuncOp ForallOutliner::createBody(scf::ForallOp loop, const IterationSpace &space, const Captures &captures) {
  ImplicitLocOpBuilder b(loop.getLoc(), module.getContext());
  auto caller = loop->getParentOfType<func::FuncOp>();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto body =
      func::FuncOp::create(b, (caller.getName() + "_body_0").str(), b.getFunctionType({pointer, b.getI64Type()}, {}));
  body.setPrivate();
  body->setAttr("llvm.linkage", LLVM::LinkageAttr::get(b.getContext(), LLVM::linkage::Linkage::Internal));
  symbols.insert(body, std::next(Block::iterator(caller)));

  Block *entry = body.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping mapping;
  for (auto [position, value] : llvm::enumerate(captures.passed)) {
    Value address = LLVM::GEPOp::create(b, pointer, captures.contextType, entry->getArgument(0),
                                        ArrayRef<LLVM::GEPArg>{0, int32_t(position)});
    Value loaded = LLVM::LoadOp::create(b, types.convertType(value.getType()), address);
    if (loaded.getType() != value.getType())
      loaded = UnrealizedConversionCastOp::create(b, value.getType(), loaded).getResult(0);
    mapping.map(value, loaded);
  }

  for (Value value : captures.constants)
    b.clone(*value.getDefiningOp(), mapping);

  Value index = arith::IndexCastOp::create(b, b.getIndexType(), entry->getArgument(1));
  for (auto [variable, value] : llvm::zip_equal(loop.getInductionVars(), createInductionVars(b, index, space, mapping)))
    mapping.map(variable, value);
  for (Operation &op : loop.getBody()->without_terminator())
    b.clone(op, mapping);
  func::ReturnOp::create(b);
  hoistStaticAllocas(body);
  return body;
}

LLVM::LLVMFuncOp ForallOutliner::getParallelFor() {
  if (auto existing = symbols.lookup<LLVM::LLVMFuncOp>(parallelForName))
    return existing;
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {b.getI64Type(), pointer, pointer});
  auto declaration = LLVM::LLVMFuncOp::create(b, module.getLoc(), parallelForName, type);
  symbols.insert(declaration, module.getBody()->begin());
  return declaration;
}

void ForallOutliner::createCall(ImplicitLocOpBuilder &b, func::FuncOp caller, func::FuncOp body,
                                const IterationSpace &space, const Captures &captures) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value context;
  {
    // In the entry block it belongs to the frame, however often the loop runs.
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&caller.getBody().front());
    Value one = LLVM::ConstantOp::create(b, b.getI64Type(), 1);
    context = LLVM::AllocaOp::create(b, pointer, captures.contextType, one);
  }
  for (auto [position, value] : llvm::enumerate(captures.passed)) {
    Type type = types.convertType(value.getType());
    Value stored = value;
    if (type != value.getType())
      stored = UnrealizedConversionCastOp::create(b, type, value).getResult(0);
    Value address =
        LLVM::GEPOp::create(b, pointer, captures.contextType, context, ArrayRef<LLVM::GEPArg>{0, int32_t(position)});
    LLVM::StoreOp::create(b, stored, address);
  }

  Value count = arith::ConstantIndexOp::create(b, 1);
  for (Value extent : space.counts)
    count = b.createOrFold<arith::MulIOp>(count, extent);
  count = b.createOrFold<arith::IndexCastOp>(b.getI64Type(), count);
  // The function becomes one of LLVM later on, and this cast disappears.
  Value function = func::ConstantOp::create(b, body.getFunctionType(), SymbolRefAttr::get(body));
  Value address = UnrealizedConversionCastOp::create(b, pointer, function).getResult(0);
  LLVM::CallOp::create(b, getParallelFor(), ValueRange{count, address, context});
}

FailureOr<func::FuncOp> ForallOutliner::outline(scf::ForallOp loop) {
  if (!loop.getOutputs().empty())
    return loop.emitOpError("has tensor results; bufferize it first");
  auto caller = loop->getParentOfType<func::FuncOp>();
  if (!caller)
    return loop.emitOpError("is not in a func.func");

  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  IterationSpace space = createIterationSpace(b, loop);
  FailureOr<Captures> captures = getCaptures(loop, space);
  if (failed(captures))
    return failure();
  if (llvm::is_contained(space.backwards, true))
    remark::passed(loop.getLoc(), remark::RemarkOpts::name("LongestFirst").category("fovea-forall-to-runtime"))
        << remark::add("runs backwards along dimension {0}, in which iterations become longer",
                       llvm::find(space.backwards, true) - space.backwards.begin());
  func::FuncOp body = createBody(loop, space, *captures);
  createCall(b, caller, body, space, *captures);
  loop.erase();
  return body;
}

namespace {

struct ForallToRuntimePass final : fovea::impl::ForallToRuntimePassBase<ForallToRuntimePass> {
  using Base::Base;

  void runOnOperation() override {
    ForallOutliner outliner(getOperation());
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    while (!functions.empty()) {
      func::FuncOp function = functions.pop_back_val();
      SmallVector<scf::ForallOp> loops;
      function.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
        loops.push_back(loop);
        return WalkResult::skip(); // Inner loops move with the body.
      });
      for (scf::ForallOp loop : loops) {
        FailureOr<func::FuncOp> body = outliner.outline(loop);
        if (failed(body))
          return signalPassFailure();
        functions.push_back(*body);
      }
    }
  }
};

} // namespace
