//===- DimensionNames.cpp - Sizes by name ---------------------------------===//

#include "DimensionNames.h"

#include "llvm/ADT/StringExtras.h"

using namespace fovea;

/// The names that the attribute gives the dimensions of an argument, "*" where
/// it gives none.
static llvm::Expected<llvm::SmallVector<std::string>> getNames(mlir::func::FuncOp function, size_t argument,
                                                               size_t rank) {
  llvm::SmallVector<std::string> names(rank, "*");
  mlir::Attribute attribute = function.getArgAttr(argument, "fovea.dims");
  if (!attribute)
    return names;
  auto array = llvm::dyn_cast<mlir::ArrayAttr>(attribute);
  bool fits = array && array.size() == rank && llvm::all_of(array, llvm::IsaPred<mlir::StringAttr>);
  if (!fits)
    return llvm::createStringError("fovea.dims of argument %zu: expected an array of %zu strings", argument, rank);
  for (auto [name, value] : llvm::zip_equal(names, array.getAsValueRange<mlir::StringAttr>()))
    name = value.str();
  return names;
}

llvm::Expected<DimensionNames> DimensionNames::of(mlir::func::FuncOp function, const Signature &signature) {
  DimensionNames result;
  for (auto [number, type] : llvm::enumerate(signature.arguments)) {
    auto names = getNames(function, number, type.shape.size());
    if (!names)
      return names.takeError();
    std::vector<Dimension> &dimensions = result.arguments.emplace_back();
    for (auto [dim, size] : llvm::enumerate(type.shape)) {
      bool isDynamic = mlir::ShapedType::isDynamic(size);
      std::string name = (*names)[dim];
      if (name == "*")
        name = isDynamic ? ("arg" + llvm::Twine(number) + "." + llvm::Twine(dim)).str() : "";
      if (!name.empty() && !llvm::is_contained(result.order, name))
        result.order.push_back(name);
      if (!name.empty() && !isDynamic)
        if (llvm::Error error = result.bindName(name, size, "the type of argument " + llvm::Twine(number)))
          return error;
      dimensions.push_back({name, size});
    }
  }
  return result;
}

llvm::Error DimensionNames::bindName(llvm::StringRef name, int64_t size, const llvm::Twine &origin) {
  auto [entry, inserted] = bindings.try_emplace(name, Binding{size, origin.str()});
  if (inserted || entry->second.size == size)
    return llvm::Error::success();
  return llvm::createStringError("dimension '" + name + "' is " + llvm::Twine(entry->second.size) + " by " +
                                 entry->second.origin + " and " + llvm::Twine(size) + " by " + origin);
}

llvm::Error DimensionNames::assign(llvm::StringRef text) {
  auto [name, value] = text.split('=');
  int64_t size;
  if (name.empty() || value.getAsInteger(10, size) || size < 0)
    return llvm::createStringError("dimension '" + text + "': expected NAME=SIZE");
  if (!llvm::is_contained(order, name))
    return llvm::createStringError("no dimension is called '" + name + "'; there " +
                                   (order.empty() ? "are none to choose" : "is " + llvm::join(order, ", ")));
  return bindName(name, size, "--dim");
}

llvm::Error DimensionNames::bind(size_t argument, llvm::ArrayRef<int64_t> shape) {
  const std::vector<Dimension> &dimensions = arguments[argument];
  if (shape.size() != dimensions.size())
    return llvm::createStringError("argument %zu has rank %zu, its input has rank %zu", argument, dimensions.size(),
                                   shape.size());
  for (auto [dim, dimension, size] : llvm::enumerate(dimensions, shape)) {
    if (!mlir::ShapedType::isDynamic(dimension.size) && dimension.size != size)
      return llvm::createStringError("dimension " + llvm::Twine(dim) + " of argument " + llvm::Twine(argument) +
                                     " is " + llvm::Twine(dimension.size) + ", its input has " + llvm::Twine(size));
    if (!dimension.name.empty())
      if (llvm::Error error = bindName(dimension.name, size, "the input of argument " + llvm::Twine(argument)))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error DimensionNames::checkComplete() const {
  std::string missing;
  for (const std::string &name : order)
    if (!bindings.contains(name))
      missing += " --dim " + name + "=SIZE";
  if (missing.empty())
    return llvm::Error::success();
  return llvm::createStringError("sizes are missing; add" + missing);
}

llvm::SmallVector<int64_t> DimensionNames::getShape(size_t argument) const {
  llvm::SmallVector<int64_t> shape;
  for (const Dimension &dimension : arguments[argument]) {
    auto binding = bindings.find(dimension.name);
    shape.push_back(binding == bindings.end() ? dimension.size : binding->second.size);
  }
  return shape;
}
