#include <zircon/syscalls/object.h>

#include "guest/kernel/object/vmo_dispatcher.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class InfoMapsTest : public test::SyscallTest {
 protected:
  InfoMapsTest()
      : target_(*ProcessDispatcher::Create(NameOf("target"))),
        handle_(Add(target_, ZX_DEFAULT_PROCESS_RIGHTS)),
        actual_(Put(size_t{0})),
        available_(Put(size_t{0})) {
    Vmar& root = target_->address_space().root();
    region_ = *root.Allocate({.offset = 0, .size = 8 * kPageSize, .options = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE});
    vmo_ = *Vmo::Create(4 * kPageSize, Resizability::kFixed);
    EXPECT_TRUE(vmo_->Commit(kPageSize, 2 * kPageSize).ok());
    MapRequest request{.vmo = vmo_, .vmo_offset = kPageSize, .length = kPageSize};
    request.options = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
    mapped_ = *region_->Map(request);
    buffer_ = user_memory_ + 8 * kPageSize;
  }
  ~InfoMapsTest() override { target_->Kill(0); }

  int64_t GetInfo(zx_handle_t handle, uint32_t topic, size_t size) {
    return Call(Syscall::object_get_info, handle, topic, buffer_, size, actual_, available_);
  }
  template <typename T>
  T Record(size_t index) {
    return Get<T>(buffer_ + index * sizeof(T));
  }

  RefPtr<ProcessDispatcher> target_;
  zx_handle_t handle_;
  RefPtr<Vmar> region_;
  RefPtr<Vmo> vmo_;
  VirtualAddress mapped_;
  VirtualAddress buffer_;
  VirtualAddress actual_;
  VirtualAddress available_;
};

TEST_F(InfoMapsTest, RegionTellsWhereItIs) {
  const zx_handle_t region = Add(VmarDispatcher::Create(region_), ZX_RIGHT_INSPECT);
  EXPECT_EQ(GetInfo(region, ZX_INFO_VMAR, sizeof(zx_info_vmar_t)), ZX_OK);
  EXPECT_EQ(Record<zx_info_vmar_t>(0).base, region_->base());
  EXPECT_EQ(Record<zx_info_vmar_t>(0).len, 8 * kPageSize);
  EXPECT_EQ(GetInfo(root_, ZX_INFO_VMAR, sizeof(zx_info_vmar_t)), ZX_OK);
  EXPECT_EQ(Record<zx_info_vmar_t>(0).base, 0x200000u);
  EXPECT_EQ(GetInfo(Without(root_, ZX_RIGHT_INSPECT), ZX_INFO_VMAR, 16), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(GetInfo(handle_, ZX_INFO_VMAR, 16), ZX_ERR_WRONG_TYPE);
}

TEST_F(InfoMapsTest, ProcessListsItsSpaceItsRegionsAndItsMappings) {
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_MAPS, 10 * sizeof(zx_info_maps_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 4u);
  EXPECT_EQ(Get<size_t>(available_), 4u);
  const zx_info_maps_type_t types[] = {ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_VMAR, ZX_INFO_MAPS_TYPE_VMAR,
                                       ZX_INFO_MAPS_TYPE_MAPPING};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Record<zx_info_maps_t>(i).depth, i);
    EXPECT_EQ(Record<zx_info_maps_t>(i).type, types[i]);
  }
  const zx_info_maps_t mapping = Record<zx_info_maps_t>(3);
  EXPECT_EQ(mapping.base, mapped_);
  EXPECT_EQ(mapping.size, kPageSize);
  EXPECT_EQ(mapping.u.mapping.mmu_flags, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE);
  EXPECT_EQ(mapping.u.mapping.vmo_koid, vmo_->koid());
  EXPECT_EQ(mapping.u.mapping.vmo_offset, kPageSize);
  EXPECT_EQ(mapping.u.mapping.committed_pages, 1u);
  EXPECT_EQ(mapping.u.mapping.populated_pages, 1u);
}

TEST_F(InfoMapsTest, OlderFormHasTheSameInLessRoom) {
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_MAPS_V1, 10 * sizeof(zx_info_maps_v1_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 4u);
  EXPECT_EQ(Record<zx_info_maps_v1_t>(3).base, mapped_);
  EXPECT_EQ(Record<zx_info_maps_v1_t>(3).u.mapping.committed_pages, 1u);
}

TEST_F(InfoMapsTest, WhatDoesNotFitIsCounted) {
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_MAPS, 3 * sizeof(zx_info_maps_t) + 1), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 3u);
  EXPECT_EQ(Get<size_t>(available_), 4u);
}

TEST_F(InfoMapsTest, RegionListsWhatIsInIt) {
  const zx_handle_t region = Add(VmarDispatcher::Create(region_), ZX_RIGHT_INSPECT);
  ASSERT_EQ(GetInfo(region, ZX_INFO_VMAR_MAPS, 10 * sizeof(zx_info_maps_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 2u);
  EXPECT_EQ(Record<zx_info_maps_t>(0).depth, 0u);
  EXPECT_EQ(Record<zx_info_maps_t>(1).base, mapped_);
  ASSERT_TRUE(region_->Destroy().ok());
  EXPECT_EQ(GetInfo(region, ZX_INFO_VMAR_MAPS, 1000), ZX_ERR_BAD_STATE);
}

TEST_F(InfoMapsTest, ProcessListsItsVmosByHandleAndByMapping) {
  const RefPtr<Vmo> held = *Vmo::Create(kPageSize, Resizability::kFixed);
  const Result<zx_handle_t> given = target_->handles().Add(Handle(VmoDispatcher::Create(held), ZX_RIGHT_READ));
  ASSERT_TRUE(given.ok());
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_VMOS, 10 * sizeof(zx_info_vmo_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 2u);
  const zx_info_vmo_t by_handle = Record<zx_info_vmo_t>(0);
  EXPECT_EQ(by_handle.koid, held->koid());
  EXPECT_EQ(by_handle.handle_rights, ZX_RIGHT_READ);
  EXPECT_EQ(by_handle.flags & (ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_VIA_MAPPING), ZX_INFO_VMO_VIA_HANDLE);
  const zx_info_vmo_t by_mapping = Record<zx_info_vmo_t>(1);
  EXPECT_EQ(by_mapping.size_bytes, vmo_->size());
  EXPECT_EQ(by_mapping.num_mappings, 1u);
  EXPECT_EQ(by_mapping.flags & (ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_VIA_MAPPING), ZX_INFO_VMO_VIA_MAPPING);
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_VMOS_V1, sizeof(zx_info_vmo_v1_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 1u);
  EXPECT_EQ(Get<size_t>(available_), 2u);
  EXPECT_EQ(Record<zx_info_vmo_v1_t>(0).koid, held->koid());
}

TEST_F(InfoMapsTest, MoreHandlesThanOnePieceAreAllListed) {
  for (int i = 0; i < 40; ++i) {
    const RefPtr<Vmo> held = *Vmo::Create(0, Resizability::kFixed);
    ASSERT_TRUE(target_->handles().Add(Handle(VmoDispatcher::Create(held), ZX_RIGHT_READ)).ok());
  }
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_VMOS_V1, 100 * sizeof(zx_info_vmo_v1_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 41u);
  ASSERT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_VMOS_V1, 20 * sizeof(zx_info_vmo_v1_t)), ZX_OK);
  EXPECT_EQ(Get<size_t>(actual_), 20u);
  EXPECT_EQ(Get<size_t>(available_), 41u);
}

TEST_F(InfoMapsTest, TypeRightAndStateAreChecked) {
  EXPECT_EQ(GetInfo(root_, ZX_INFO_PROCESS_MAPS, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(GetInfo(Without(handle_, ZX_RIGHT_READ), ZX_INFO_PROCESS_MAPS, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(GetInfo(Without(handle_, ZX_RIGHT_READ), ZX_INFO_PROCESS_VMOS, 0), ZX_ERR_ACCESS_DENIED);
  target_->Kill(0);
  EXPECT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_MAPS, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(GetInfo(handle_, ZX_INFO_PROCESS_VMOS, 0), ZX_ERR_BAD_STATE);
}

}  // namespace
}  // namespace gk
