// The constants and structures of virtio 1.x from Linux's user headers, without those of the legacy interface: what is
// left out there is not C++, and has no place in a device that offers VIRTIO_F_VERSION_1 only.
#pragma once

#define VIRTIO_CONFIG_NO_LEGACY
#define VIRTIO_MMIO_NO_LEGACY
#define VIRTIO_RING_NO_LEGACY

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
