//! GPUs, asked of the driver's management library where there is one.

use cloister_proto::agent::v1::Gpu;
use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

/// The driver's library, loaded once. Absent on a machine without NVIDIA GPUs, which is no error.
pub(crate) struct GpuReader(Option<Nvml>);

impl std::fmt::Debug for GpuReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("GpuReader").field(&self.0.is_some()).finish()
    }
}

impl GpuReader {
    /// Looks for the library.
    pub(crate) fn open() -> Self {
        match Nvml::init() {
            Ok(nvml) => Self(Some(nvml)),
            Err(NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound) => Self(None),
            Err(error) => {
                tracing::warn!(
                    "the NVIDIA driver's library is there but does not answer: {error}; GPUs are not reported"
                );
                Self(None)
            }
        }
    }

    /// Every GPU that answers.
    pub(crate) fn measure(&self) -> Vec<Gpu> {
        let Some(nvml) = &self.0 else { return Vec::new() };
        let driver_version = nvml.sys_driver_version().unwrap_or_default();
        let count = nvml.device_count().unwrap_or(0);
        (0..count).filter_map(|index| read(nvml, index, &driver_version).ok()).collect()
    }
}

fn read(nvml: &Nvml, index: u32, driver_version: &str) -> Result<Gpu, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let memory = device.memory_info()?;
    Ok(Gpu {
        uuid: device.uuid()?,
        name: device.name()?,
        memory_total_bytes: memory.total,
        memory_used_bytes: memory.used,
        driver_version: driver_version.to_owned(),
        // Not every GPU and not every driver says it.
        busy_permille: device.utilization_rates().ok().map(|rates| rates.gpu.saturating_mul(10)),
    })
}
