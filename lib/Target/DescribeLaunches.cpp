//===- DescribeLaunches.cpp - cta.launch to a launch descriptor -----------===//
//
//   %o = cta.launch @kernels::@causal tiles(%b, %c16, %rows) ins(%q, ...)
//     ->   kernel 'causal': grid (min(size(q, 0) * 16 * ..., sm_count), 1, 1),
//          parameter 0: tensor map of 'arg0', ...
// A branch on sizes (scf.if) makes two variants of a launch, guarded by the condition and by its opposite.
//
//===----------------------------------------------------------------------===//

#include "HostValues.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace fovea;
using launch::KernelArgument;
using Arithmetic = launch::Operation;
using ExpressionIndex = ShapeExpressions::Index;

namespace {

/// Describes the launches of one function, one after the other.
class LaunchDescriber {
public:
  LaunchDescriber(HostValues &values, launch::Variant &variant, SmallVectorImpl<gpu::GPUModuleOp> &images)
      : values(values), expressions(values.getExpressions()), variant(variant), images(images) {}

  LogicalResult describe(cta::LaunchOp op);

private:
  LogicalResult describeShape(cta::LaunchOp op, LLVM::LLVMFuncOp kernel, launch::KernelLaunch &described);
  FailureOr<KernelArgument> describeParameter(cta::LaunchOp op, LLVM::LLVMFuncOp kernel, unsigned number,
                                              cta::ParamAttr param);
  FailureOr<KernelArgument> describeScalar(cta::LaunchOp op, Value value);
  FailureOr<KernelArgument> describeTensorMap(cta::LaunchOp op, const DeviceTensor &tensor, cta::ParamAttr param);
  FailureOr<uint32_t> getWorkspace(cta::LaunchOp op, LLVM::LLVMFuncOp kernel, unsigned number, int64_t arg);
  uint32_t getImage(gpu::GPUModuleOp module);

  HostValues &values;
  ShapeExpressions &expressions;
  launch::Variant &variant;
  SmallVectorImpl<gpu::GPUModuleOp> &images;
  /// Of the launch that is being described, by the kernel's argument.
  llvm::SmallDenseMap<int64_t, uint32_t> workspaces;
};

} // namespace

/// What the kernel's argument `arg` is passed: inputs, outputs, tiles. Null beyond them.
static Value getPassed(cta::LaunchOp op, int64_t arg) {
  SmallVector<Value> passed(op.getInputs());
  llvm::append_range(passed, op.getOutputs());
  llvm::append_range(passed, op.getTiles());
  return arg >= 0 && arg < int64_t(passed.size()) ? passed[arg] : Value();
}

uint32_t LaunchDescriber::getImage(gpu::GPUModuleOp module) {
  auto *found = llvm::find(images, module);
  if (found != images.end())
    return found - images.begin();
  images.push_back(module);
  return images.size() - 1;
}

LogicalResult LaunchDescriber::describeShape(cta::LaunchOp op, LLVM::LLVMFuncOp kernel,
                                             launch::KernelLaunch &described) {
  ExpressionIndex one = expressions.constant(1);
  described.grid = described.block = described.cluster = {one, one, one};

  auto grid = kernel->getAttrOfType<cta::GridAttr>(cta::CtaDialect::getGridAttrName());
  if (!grid)
    return kernel.emitError() << "has no " << cta::CtaDialect::getGridAttrName() << " to launch it by";
  SmallVector<ExpressionIndex> extents;
  for (Value extent : op.getTiles()) {
    std::optional<ExpressionIndex> known = values.getInteger(extent);
    if (!known)
      return op.emitOpError() << "has an extent of the tile space that is no expression over sizes";
    extents.push_back(*known);
  }
  ExpressionIndex tiles = expressions.product(extents);
  // Kernels count them in 32 bits, a little beyond the last one where blocks come for a tile and there is none.
  constexpr int64_t mostTiles = (int64_t(1) << 31) - (1 << 20);
  values.addGuard(expressions.withConstant(Arithmetic::LessEqual, tiles, mostTiles),
                  "there are at most 2^31 - 2^20 tiles");
  described.grid[0] = tiles;
  if (grid.getPersistent()) {
    ExpressionIndex resident =
        expressions.withConstant(Arithmetic::Mul, expressions.smCount(), std::max<int64_t>(1, grid.getBlocksPerSm()));
    described.grid[0] = expressions.binary(Arithmetic::Min, tiles, resident);
  }

  auto setExtents = [&](StringRef name, std::array<uint32_t, 3> &target) -> bool {
    auto extents = kernel->getAttrOfType<DenseI32ArrayAttr>(name);
    if (!extents || extents.empty() || extents.size() > 3)
      return false;
    for (auto [dim, extent] : llvm::enumerate(extents.asArrayRef()))
      target[dim] = expressions.constant(extent);
    return true;
  };
  if (!setExtents(NVVM::NVVMDialect::getReqntidAttrName(), described.block))
    return kernel.emitError() << "has no " << NVVM::NVVMDialect::getReqntidAttrName()
                              << " that says how many threads a block has";
  setExtents(NVVM::NVVMDialect::getClusterDimAttrName(), described.cluster);

  int64_t sharedBytes = 0;
  if (auto bytes = kernel->getAttrOfType<IntegerAttr>(cta::CtaDialect::getSharedBytesAttrName()))
    sharedBytes = bytes.getInt();
  described.dynamicSharedBytes = expressions.constant(sharedBytes);
  return success();
}

FailureOr<KernelArgument> LaunchDescriber::describeScalar(cta::LaunchOp op, Value value) {
  KernelArgument argument;
  if (std::optional<ExpressionIndex> integer = values.getInteger(value)) {
    argument.kind = KernelArgument::Kind::Integer;
    argument.index = *integer;
    if (!value.getType().isIndex() && !value.getType().isInteger(64))
      return op.emitOpError() << "passes a scalar of type " << value.getType() << ", expected index, i64, f32 or f64";
    return argument;
  }
  if (std::optional<uint32_t> scalar = values.getScalarArgument(value)) {
    argument.kind = KernelArgument::Kind::Scalar;
    argument.index = *scalar;
    return argument;
  }
  FloatAttr constant;
  bool isConstant = matchPattern(value, m_Constant(&constant));
  if (!isConstant || !(value.getType().isF32() || value.getType().isF64()))
    return op.emitOpError() << "passes a scalar of type " << value.getType()
                            << " that is no argument, no constant and no size";
  argument.kind = value.getType().isF32() ? KernelArgument::Kind::F32 : KernelArgument::Kind::F64;
  argument.bits = constant.getValue().bitcastToAPInt().getZExtValue();
  return argument;
}

/// The conditions under which cuTensorMapEncodeTiled takes a tensor, and a map
/// of it. In a dimension of one element, and in an empty tensor, strides say
/// nothing, and need not be legal.
FailureOr<KernelArgument> LaunchDescriber::describeTensorMap(cta::LaunchOp op, const DeviceTensor &tensor,
                                                             cta::ParamAttr param) {
  constexpr int64_t granule = 16; // bytes
  int64_t rank = tensor.sizes.size();
  ArrayRef<int64_t> dims = param.getDims(), box = param.getBox();
  auto isDim = [&](int64_t dim) { return dim >= 0 && dim < rank; };
  if (dims.empty() || dims.size() > 5 || dims.size() != box.size() || !llvm::all_of(dims, isDim))
    return op.emitOpError() << "has a tensor map " << param << " that does not fit a tensor of rank " << rank
                            << ": expected 1 to 5 of its dimensions, and as many extents of the box";
  std::optional<launch::TensorMap::Swizzle> swizzle;
  for (int64_t i = 0; i < 4; ++i)
    if (param.getSwizzle() == (16 << i & ~16))
      swizzle = launch::TensorMap::Swizzle(i);
  if (!swizzle)
    return op.emitOpError() << "has a tensor map with a swizzle of " << param.getSwizzle()
                            << " bytes, expected 0, 32, 64 or 128";

  int64_t elementBytes = byteSize(tensor.type);
  launch::TensorMap map;
  map.buffer = tensor.buffer;
  map.type = tensor.type;
  map.swizzle = *swizzle;
  map.box.assign(box.begin(), box.end());
  ExpressionIndex isEmpty = expressions.constant(0), fits = expressions.constant(1);
  for (ExpressionIndex size : tensor.sizes)
    isEmpty = expressions.either(expressions.withConstant(Arithmetic::Equal, size, 0), isEmpty);
  auto require = [&](ExpressionIndex condition) { fits = expressions.both(condition, fits); };
  for (auto [position, dim] : llvm::enumerate(dims)) {
    ExpressionIndex size = tensor.sizes[dim], stride = tensor.strides[dim];
    map.sizes.push_back(size);
    require(expressions.withConstant(Arithmetic::LessEqual, size, std::numeric_limits<int32_t>::max()));
    ExpressionIndex isSingle = expressions.withConstant(Arithmetic::LessEqual, size, 1);
    if (position == 0) {
      require(expressions.either(isSingle, expressions.withConstant(Arithmetic::Equal, stride, 1)));
      continue;
    }
    ExpressionIndex bytes = expressions.withConstant(Arithmetic::Mul, stride, elementBytes);
    ExpressionIndex isMultiple =
        expressions.withConstant(Arithmetic::Equal, expressions.withConstant(Arithmetic::FloorMod, bytes, granule), 0);
    ExpressionIndex isPositive = expressions.binary(Arithmetic::Less, expressions.constant(0), bytes);
    require(expressions.either(isSingle, expressions.both(isPositive, isMultiple)));
    map.strides.push_back(expressions.select(isSingle, expressions.constant(granule), bytes));
  }
  std::string name = values.getName(tensor.buffer);
  values.addGuard(expressions.either(isEmpty, fits),
                  name + " has stride 1 in its innermost dimension and else positive strides that are multiples of " +
                      std::to_string(granule) + " bytes, and sizes below 2^31");
  if (tensor.buffer.kind == launch::Buffer::Kind::Argument) {
    ExpressionIndex offset =
        expressions.withConstant(Arithmetic::FloorMod, expressions.address(tensor.buffer.index), granule);
    values.addGuard(expressions.either(isEmpty, expressions.withConstant(Arithmetic::Equal, offset, 0)),
                    name + " starts at a multiple of " + std::to_string(granule) + " bytes");
  }
  KernelArgument argument;
  argument.kind = KernelArgument::Kind::TensorMap;
  argument.index = variant.tensorMaps.size();
  variant.tensorMaps.push_back(std::move(map));
  return argument;
}

/// Of the kernel's parameter `number`; one for each argument `arg`.
FailureOr<uint32_t> LaunchDescriber::getWorkspace(cta::LaunchOp op, LLVM::LLVMFuncOp kernel, unsigned number,
                                                  int64_t arg) {
  auto known = workspaces.find(arg);
  if (known != workspaces.end())
    return known->second;
  auto workspace = kernel.getArgAttrOfType<cta::WorkspaceAttr>(number, cta::CtaDialect::getWorkspaceAttrName());
  if (!workspace)
    return kernel.emitError() << "has no " << cta::CtaDialect::getWorkspaceAttrName() << " on parameter " << number
                              << ", which is passed a workspace";
  uint32_t index = variant.workspaces.size();
  variant.workspaces.push_back({expressions.constant(workspace.getBytes()), workspace.getZero()});
  workspaces[arg] = index;
  return index;
}

FailureOr<KernelArgument> LaunchDescriber::describeParameter(cta::LaunchOp op, LLVM::LLVMFuncOp kernel, unsigned number,
                                                             cta::ParamAttr param) {
  KernelArgument argument;
  Value passed = getPassed(op, param.getArg());
  if (param.getKind() == cta::ParamKind::Workspace) {
    FailureOr<uint32_t> workspace = getWorkspace(op, kernel, number, param.getArg());
    if (failed(workspace))
      return failure();
    argument.buffer = {launch::Buffer::Kind::Workspace, *workspace};
    return argument;
  }
  if (!passed)
    return op.emitOpError() << "passes no argument " << param.getArg() << " for parameter " << number << ", " << param;
  if (param.getKind() == cta::ParamKind::Scalar)
    return describeScalar(op, passed);
  if (!isa<RankedTensorType>(passed.getType()))
    return op.emitOpError() << "passes " << passed.getType() << " for parameter " << number << ", " << param;
  const DeviceTensor &tensor = values.getTensor(passed);
  switch (param.getKind()) {
  case cta::ParamKind::Size:
  case cta::ParamKind::Stride: {
    ArrayRef<ExpressionIndex> from = param.getKind() == cta::ParamKind::Size ? tensor.sizes : tensor.strides;
    if (param.getDim() < 0 || param.getDim() >= int64_t(from.size()))
      return op.emitOpError() << "has parameter " << number << ", " << param << ", of a tensor of rank " << from.size();
    argument.kind = KernelArgument::Kind::Integer;
    argument.index = from[param.getDim()];
    return argument;
  }
  case cta::ParamKind::TensorMap:
    return describeTensorMap(op, tensor, param);
  default:
    argument.buffer = tensor.buffer;
    return argument;
  }
}

LogicalResult LaunchDescriber::describe(cta::LaunchOp op) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(op, op.getKernelAttr());
  auto module = kernel ? kernel->getParentOfType<gpu::GPUModuleOp>() : gpu::GPUModuleOp();
  if (!module)
    return op.emitOpError() << "launches " << op.getKernelAttr()
                            << ", which is no llvm.func in a gpu.module: its kernel is not lowered";
  auto params = kernel->getAttrOfType<ArrayAttr>(cta::CtaDialect::getParamsAttrName());
  if (!params || params.size() != kernel.getNumArguments())
    return kernel.emitError() << "has " << (params ? params.size() : 0) << " " << cta::CtaDialect::getParamsAttrName()
                              << " for " << kernel.getNumArguments() << " parameters";
  launch::KernelLaunch described;
  described.image = getImage(module);
  described.kernel = kernel.getName().str();
  workspaces.clear();
  if (failed(describeShape(op, kernel, described)))
    return failure();
  for (auto [number, attr] : llvm::enumerate(params)) {
    auto param = dyn_cast<cta::ParamAttr>(attr);
    if (!param)
      return kernel.emitError() << "has " << attr << " for parameter " << number << ", expected a #cta.param";
    FailureOr<KernelArgument> argument = describeParameter(op, kernel, number, param);
    if (failed(argument))
      return failure();
    described.arguments.push_back(*argument);
  }
  variant.launches.push_back(std::move(described));
  return success();
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

namespace {

/// One way through a host function: a copy of it in which branches are taken, and the conditions that they were taken
/// for, with their values.
struct HostPath {
  func::FuncOp function;
  SmallVector<std::pair<Value, bool>> conditions;
};

/// Describes every way through a function as a variant.
class PathDescriber {
public:
  explicit PathDescriber(HostLaunches &launches) : launches(launches) {}

  LogicalResult describe(HostPath path);

private:
  LogicalResult describeStraight(HostPath path);

  HostLaunches &launches;
};

} // namespace

static scf::IfOp getFirstBranch(func::FuncOp function) {
  for (auto branch : function.front().getOps<scf::IfOp>())
    return branch;
  return nullptr;
}

/// Leaves what the branch does one way in its place.
static void take(scf::IfOp branch, bool condition) {
  Block *block = condition ? branch.thenBlock() : branch.elseBlock();
  if (block) {
    auto yield = cast<scf::YieldOp>(block->getTerminator());
    branch.replaceAllUsesWith(yield.getResults());
    yield.erase();
    branch->getBlock()->getOperations().splice(Block::iterator(branch), block->getOperations());
  }
  branch.erase();
}

LogicalResult PathDescriber::describe(HostPath path) {
  scf::IfOp branch = getFirstBranch(path.function);
  if (!branch)
    return describeStraight(path);
  IRMapping map;
  HostPath otherwise;
  otherwise.function = cast<func::FuncOp>(path.function->clone(map));
  SymbolTable(path.function->getParentOp()).insert(otherwise.function);
  for (auto [condition, holds] : path.conditions)
    otherwise.conditions.push_back({map.lookup(condition), holds});
  otherwise.conditions.push_back({map.lookup(branch.getCondition()), false});
  path.conditions.push_back({branch.getCondition(), true});
  take(branch, true);
  take(getFirstBranch(otherwise.function), false);
  LogicalResult described = success(succeeded(describe(path)) && succeeded(describe(otherwise)));
  otherwise.function.erase();
  return described;
}

LogicalResult PathDescriber::describeStraight(HostPath path) {
  launch::LaunchDescriptor &descriptor = launches.descriptor;
  launch::Variant variant;
  variant.name = descriptor.variants.empty() ? "main" : "variant" + std::to_string(descriptor.variants.size());
  // Every path has the same arguments and results; expressions are shared.
  descriptor.arguments.clear();
  descriptor.results.clear();
  HostValues values(path.function, descriptor, variant);
  ShapeExpressions &expressions = values.getExpressions();
  if (failed(values.analyze()))
    return failure();
  for (auto [condition, holds] : path.conditions) {
    std::optional<ExpressionIndex> known = values.getInteger(condition);
    if (!known)
      return path.function.emitError("branches on what is no expression over sizes");
    values.addGuard(holds ? *known : expressions.withConstant(Arithmetic::Equal, *known, 0),
                    "the sizes are those that the variant is for");
  }
  LaunchDescriber describer(values, variant, launches.images);
  for (auto op : path.function.front().getOps<cta::LaunchOp>())
    if (failed(describer.describe(op)))
      return failure();
  descriptor.variants.push_back(std::move(variant));
  return success();
}

FailureOr<HostLaunches> fovea::describeLaunches(func::FuncOp function) {
  if (function.isExternal())
    return function.emitError() << "has no body to launch";
  if (!function.getBody().hasOneBlock())
    return function.emitError() << "has control flow on the host, which a launch has not";
  HostLaunches launches;
  launches.descriptor.name = function.getName().str();
  HostPath path{cast<func::FuncOp>(function->clone()), {}};
  SymbolTable(function->getParentOp()).insert(path.function);
  LogicalResult described = PathDescriber(launches).describe(path);
  path.function.erase();
  if (failed(described))
    return failure();
  launches.descriptor.numImages = launches.images.size();
  std::string error;
  if (!launch::verify(launches.descriptor, error))
    return function.emitError() << error;
  return launches;
}
