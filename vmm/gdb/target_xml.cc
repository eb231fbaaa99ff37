#include "vmm/gdb/target_xml.h"

#include <string_view>

#include "vmm/gdb/register_map.h"

namespace vmm::gdb {

namespace {

// The types that gdb's own descriptions of x86-64 define. `osabi` none: Debian's gdb otherwise takes the target for a
// Linux process and looks for its libraries in its dynamic linker.
constexpr std::string_view kHead = R"(<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>i386:x86-64</architecture>
<osabi>none</osabi>
)";

constexpr std::string_view kCoreTypes = R"(<flags id="i386_eflags" size="4">
<field name="CF" start="0" end="0"/><field name="" start="1" end="1"/><field name="PF" start="2" end="2"/>
<field name="AF" start="4" end="4"/><field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>
<field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/><field name="DF" start="10" end="10"/>
<field name="OF" start="11" end="11"/><field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>
<field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/><field name="VIF" start="19" end="19"/>
<field name="VIP" start="20" end="20"/><field name="ID" start="21" end="21"/>
</flags>
)";

constexpr std::string_view kSseTypes = R"(<vector id="v8bf16" type="bfloat16" count="8"/>
<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>
<union id="vec128">
<field name="v8_bfloat16" type="v8bf16"/><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>
<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>
<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/>
</union>
<flags id="i386_mxcsr" size="4">
<field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/><field name="ZE" start="2" end="2"/>
<field name="OE" start="3" end="3"/><field name="UE" start="4" end="4"/><field name="PE" start="5" end="5"/>
<field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/><field name="DM" start="8" end="8"/>
<field name="ZM" start="9" end="9"/><field name="OM" start="10" end="10"/><field name="UM" start="11" end="11"/>
<field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/>
</flags>
)";

// SDM volume 3, 2.5 and 2.2.1.
constexpr std::string_view kSystemTypes = R"(<flags id="x64_cr0" size="8">
<field name="PE" start="0" end="0"/><field name="MP" start="1" end="1"/><field name="EM" start="2" end="2"/>
<field name="TS" start="3" end="3"/><field name="ET" start="4" end="4"/><field name="NE" start="5" end="5"/>
<field name="WP" start="16" end="16"/><field name="AM" start="18" end="18"/><field name="NW" start="29" end="29"/>
<field name="CD" start="30" end="30"/><field name="PG" start="31" end="31"/>
</flags>
<flags id="x64_cr4" size="8">
<field name="VME" start="0" end="0"/><field name="PVI" start="1" end="1"/><field name="TSD" start="2" end="2"/>
<field name="DE" start="3" end="3"/><field name="PSE" start="4" end="4"/><field name="PAE" start="5" end="5"/>
<field name="MCE" start="6" end="6"/><field name="PGE" start="7" end="7"/><field name="PCE" start="8" end="8"/>
<field name="OSFXSR" start="9" end="9"/><field name="OSXMMEXCPT" start="10" end="10"/>
<field name="UMIP" start="11" end="11"/><field name="LA57" start="12" end="12"/>
<field name="FSGSBASE" start="16" end="16"/><field name="PCIDE" start="17" end="17"/>
<field name="OSXSAVE" start="18" end="18"/><field name="SMEP" start="20" end="20"/>
<field name="SMAP" start="21" end="21"/><field name="PKE" start="22" end="22"/>
</flags>
<flags id="x64_efer" size="8">
<field name="SCE" start="0" end="0"/><field name="LME" start="8" end="8"/><field name="LMA" start="10" end="10"/>
<field name="NXE" start="11" end="11"/><field name="SVME" start="12" end="12"/><field name="FFXSR" start="14" end="14"/>
</flags>
)";

struct FeatureText {
  RegisterFeature feature;
  std::string_view name;
  std::string_view types;
  std::string_view attributes;  // of each of its registers
};

// Control registers are not saved and restored around a function that the person calls in the guest.
constexpr FeatureText kFeatures[] = {
    {RegisterFeature::kCore, "org.gnu.gdb.i386.core", kCoreTypes, ""},
    {RegisterFeature::kSse, "org.gnu.gdb.i386.sse", kSseTypes, ""},
    {RegisterFeature::kSegments, "org.gnu.gdb.i386.segments", "", ""},
    {RegisterFeature::kSystem, "org.pagoda.x86-64.system", kSystemTypes, R"( group="system" save-restore="no")"},
};

std::string FeatureXml(const FeatureText& text) {
  std::string xml = "<feature name=\"" + std::string(text.name) + "\">\n" + std::string(text.types);
  for (size_t number = 0; number < RegisterTable().size(); ++number) {
    const RegisterEntry& entry = RegisterTable()[number];
    if (entry.feature == text.feature) {
      xml += "<reg name=\"" + entry.name + "\" bitsize=\"" + std::to_string(entry.bits) + "\" type=\"" + entry.type +
             "\" regnum=\"" + std::to_string(number) + "\"" + std::string(text.attributes) + "/>\n";
    }
  }
  return xml + "</feature>\n";
}

}  // namespace

const std::string& TargetXml() {
  static const std::string kText = [] {
    std::string xml(kHead);
    for (const FeatureText& feature : kFeatures) {
      xml += FeatureXml(feature);
    }
    return xml + "</target>\n";
  }();
  return kText;
}

}  // namespace vmm::gdb
