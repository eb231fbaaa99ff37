// Families of VMOs under random operations, against the plainest model: a byte for each page, copied when a snapshot is
// made. Contents, sizes, mappings and fair shares must agree, and at the end nothing may be left.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/snapshot_fixture.h"

namespace gk {
namespace {

constexpr uint64_t kMaxPages = 200;
constexpr size_t kMaxObjects = 10;

// What a content has on one page: a stamp that is new for every page that is made, so that sharing can be counted.
struct ModelPage {
  uint8_t value = 0;
  uint64_t stamp = 0;  // 0: there is none
};
struct ModelContent {
  std::vector<ModelPage> pages{std::vector<ModelPage>(kMaxPages)};
};
struct ModelVmo {
  RefPtr<Vmo> vmo;
  std::shared_ptr<ModelContent> content;
  uint64_t first = 0;  // of the content
  uint64_t size = 0;   // pages
  bool owns = true;
  VirtualAddress mapped = 0;
};

class FamilyModel {
 public:
  explicit FamilyModel(uint64_t seed) : random_(seed), space_(MakeSpace(seed)) { Create(); }
  ~FamilyModel() { CloseAll(); }

  void Step() {
    ModelVmo& object = objects_[random_() % objects_.size()];
    torture::FailEveryAllocation(random_() % 8 == 0 ? 1 + random_() % 5 : 0);
    switch (random_() % 16) {
      case 0:
        return Snapshot(object);
      case 1:
        return Slice(object);
      case 2:
        return Resize(object);
      case 3:
        return Zero(object);
      case 4:
        return random_() % 3 == 0 ? Close(static_cast<size_t>(&object - objects_.data())) : Map(object);
      case 5:
        return Commit(object);
      case 6:
      case 7:
      case 8:
        return Store(object);
      default:
        return Write(object);
    }
  }

  void CloseAll() {
    closing_ = true;
    while (!objects_.empty()) {
      Close(0);
    }
  }

  void Check() {
    torture::FailEveryAllocation(0);
    std::map<uint64_t, uint64_t> sharers;
    for (const ModelVmo& object : objects_) {
      CountOnce(object, sharers);
    }
    for (ModelVmo& object : objects_) {
      CheckBytes(object);
      CheckCost(object, sharers);
    }
  }

 private:
  static ModelPage& PageOf(ModelVmo& object, uint64_t page) { return object.content->pages[object.first + page]; }

  void Add(ModelVmo object) { objects_.push_back(std::move(object)); }

  void Create() {
    const uint64_t size = 1 + random_() % (kMaxPages / 2);
    Add({.vmo = MakeVmo(size, random_() % 4 == 0 ? Resizability::kFixed : Resizability::kResizable),
         .content = std::make_shared<ModelContent>(),
         .size = size});
  }

  void Snapshot(ModelVmo& object) {
    if (objects_.size() >= kMaxObjects) {
      return;
    }
    const uint64_t offset = random_() % 3 == 0 ? random_() % (object.size + 2) : 0;
    const uint64_t size = 1 + random_() % (kMaxPages / 2);
    const ChildKind kind = random_() % 2 == 0 ? ChildKind::kSnapshot : ChildKind::kSnapshotAtLeastOnWrite;
    Result<RefPtr<Vmo>> child =
        object.vmo->CreateChild(kind, offset * kPageSize, size * kPageSize, Resizability::kResizable);
    if (!child.ok()) {
      ASSERT_EQ(ValueOf(child), ZX_ERR_NO_MEMORY);
      return;
    }
    ModelVmo made{.vmo = std::move(*child), .content = std::make_shared<ModelContent>(), .size = size};
    for (uint64_t page = 0; page < size && offset + page < object.size; ++page) {
      made.content->pages[page] = PageOf(object, offset + page);
    }
    Add(std::move(made));
  }

  void Slice(ModelVmo& object) {
    if (objects_.size() >= kMaxObjects || object.vmo->resizable() || object.size == 0) {
      return;
    }
    const uint64_t offset = random_() % object.size;
    const uint64_t size = random_() % (object.size - offset + 1);
    Result<RefPtr<Vmo>> child =
        object.vmo->CreateChild(ChildKind::kSlice, offset * kPageSize, size * kPageSize, Resizability::kFixed);
    if (child.ok()) {
      Add({.vmo = std::move(*child),
           .content = object.content,
           .first = object.first + offset,
           .size = size,
           .owns = false});
    }
  }

  void Resize(ModelVmo& object) {
    const uint64_t size = random_() % (kMaxPages / 2);
    const zx_status_t status = ValueOf(object.vmo->Resize(size * kPageSize));
    if (!object.vmo->resizable()) {
      ASSERT_EQ(status, ZX_ERR_UNAVAILABLE);
      return;
    }
    if (status != ZX_OK) {
      ASSERT_EQ(status, ZX_ERR_NO_MEMORY);
      return;
    }
    for (uint64_t page = size; page < object.size; ++page) {
      PageOf(object, page) = {};
    }
    object.size = size;
  }

  void Zero(ModelVmo& object) {
    const uint64_t first = random_() % (object.size + 1);
    const uint64_t count = random_() % (object.size - first + 1);
    const zx_status_t status = ValueOf(object.vmo->Zero(first * kPageSize, count * kPageSize));
    if (status != ZX_OK) {
      ASSERT_EQ(status, ZX_ERR_NO_MEMORY);
      return;
    }
    for (uint64_t page = first; page < first + count; ++page) {
      PageOf(object, page) = {};
    }
  }

  // `object` has a page of its own at `page` from now on.
  void Own(ModelVmo& object, uint64_t page) {
    ModelPage& model = PageOf(object, page);
    bool others = false;
    for (const ModelVmo& other : objects_) {
      for (const ModelPage& each : other.content->pages) {
        others = others || (model.stamp != 0 && other.content != object.content && each.stamp == model.stamp);
      }
    }
    if (model.stamp == 0 || others) {
      model.stamp = ++next_stamp_;
    }
  }

  void Write(ModelVmo& object) {
    if (object.size == 0) {
      return;
    }
    const uint64_t page = random_() % object.size;
    const auto value = static_cast<uint8_t>(random_());
    if (object.vmo->Write(&value, page * kPageSize + 7, 1).ok()) {
      Own(object, page);
      PageOf(object, page).value = value;
    }
  }

  void Commit(ModelVmo& object) {
    const uint64_t page = random_() % (object.size + 1);
    if (object.vmo->Commit(page * kPageSize, page < object.size ? 1 : 0).ok() && page < object.size) {
      Own(object, page);
    }
  }

  void Map(ModelVmo& object) {
    if (object.mapped == 0) {
      const Result<VirtualAddress> mapped = space_->root().Map(
          {.vmo = object.vmo, .length = kMaxPages * kPageSize, .options = kMapReadWrite | ZX_VM_MAP_RANGE});
      object.mapped = mapped.ok() ? mapped.value() : 0;
    }
  }

  void Store(ModelVmo& object) {
    if (object.mapped == 0) {
      return;
    }
    const uint64_t page = random_() % (object.size + 2);
    const auto value = static_cast<uint8_t>(random_());
    const zx_status_t status = gk::Store(*space_, object.mapped + page * kPageSize + 7, value);
    if (page >= object.size) {
      ASSERT_EQ(status, ZX_ERR_OUT_OF_RANGE);
    } else if (status == ZX_OK) {
      Own(object, page);
      PageOf(object, page).value = value;
    }
  }

  void Close(size_t i) {
    torture::FailEveryAllocation(0);
    if (objects_[i].mapped != 0) {
      ASSERT_TRUE(space_->root().Unmap(objects_[i].mapped, kMaxPages * kPageSize).ok());
    }
    objects_.erase(objects_.begin() + static_cast<ptrdiff_t>(i));
    if (objects_.empty() && !closing_) {
      Create();
    }
  }

  // Pages that no object can see any more belong to nobody; contents count once, however many slices show them.
  static void CountOnce(const ModelVmo& object, std::map<uint64_t, uint64_t>& sharers) {
    if (!object.owns) {
      return;
    }
    for (const ModelPage& page : object.content->pages) {
      sharers[page.stamp] += page.stamp != 0 ? 1 : 0;
    }
  }

  void CheckBytes(ModelVmo& object) {
    ASSERT_EQ(object.vmo->size(), object.size * kPageSize);
    for (uint64_t page = 0; page < object.size; ++page) {
      uint8_t value = 0;
      ASSERT_TRUE(object.vmo->Read(&value, page * kPageSize + 7, 1).ok());
      ASSERT_EQ(value, PageOf(object, page).value) << page;
      if (object.mapped != 0 && random_() % 4 == 0) {
        ASSERT_EQ(Load(*space_, object.mapped + page * kPageSize + 7), PageOf(object, page).value);
      }
    }
  }

  void CheckCost(const ModelVmo& object, std::map<uint64_t, uint64_t>& sharers) {
    // A content whose owner has gone shares its pages still, but nobody is there to say with whom.
    if (!object.owns || HasOrphans()) {
      return;
    }
    Attribution expected;
    for (const ModelPage& page : object.content->pages) {
      if (page.stamp != 0) {
        expected.Add(1, sharers[page.stamp]);
      }
    }
    const Attribution found = object.vmo->GetAttribution();
    ASSERT_EQ(found.pages, expected.pages);
    ASSERT_EQ(found.private_pages, expected.private_pages);
    const auto exact = [](const Attribution& a) {
      return static_cast<double>(a.scaled_bytes) +
             static_cast<double>(a.scaled_fraction) / static_cast<double>(Attribution::kOneByte);
    };
    ASSERT_NEAR(exact(found), exact(expected), 1e-6);
  }

  [[nodiscard]] bool HasOrphans() const {
    for (const ModelVmo& slice : objects_) {
      bool owned = slice.owns;
      for (const ModelVmo& other : objects_) {
        owned = owned || (other.owns && other.content == slice.content);
      }
      if (!owned) {
        return true;
      }
    }
    return false;
  }

  std::mt19937_64 random_;
  RefPtr<AddressSpace> space_;
  std::vector<ModelVmo> objects_;
  uint64_t next_stamp_ = 0;
  bool closing_ = false;
};

using FamilyModelTest = SnapshotTest;

TEST_F(FamilyModelTest, FamiliesAgreeWithPlainCopies) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    FamilyModel model(seed);
    for (int i = 0; i < 2000; ++i) {
      model.Step();
      if (i % 20 == 0) {
        model.Check();
      }
      ASSERT_FALSE(HasFatalFailure()) << i;
    }
    model.CloseAll();
    EXPECT_EQ(PageTree::live_nodes(), 0u);
  }
}

}  // namespace
}  // namespace gk
