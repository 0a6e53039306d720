//===- GpuPipelines.h - the GPU's stages by name ----------------*- C++ -*-===//

#ifndef FOVEA_LIB_PIPELINES_GPUPIPELINES_H
#define FOVEA_LIB_PIPELINES_GPUPIPELINES_H

namespace fovea {

/// `attn-to-cta-kernels` to `attn-to-cta-barriers`: `attn-to-nvvm` up to a stage.
void registerGpuStagePipelines();

} // namespace fovea

#endif // FOVEA_LIB_PIPELINES_GPUPIPELINES_H
