#include "vmm/gdb/documents.h"

#include "vmm/gdb/target_xml.h"
#include "vmm/gdb/text.h"

namespace vmm::gdb {

namespace {

std::string ThreadList(Target& target) {
  std::string xml = "<?xml version=\"1.0\"?>\n<threads>\n";
  for (const ThreadInfo& thread : target.Threads()) {
    xml += "<thread id=\"" + HexNumber(thread.id) + "\" core=\"" + std::to_string(thread.core) + "\" name=\"" +
           XmlText(thread.name) + "\">" + XmlText(thread.extra) + "</thread>\n";
  }
  return xml + "</threads>\n";
}

std::string LibraryList(Target& target) {
  std::string xml = "<?xml version=\"1.0\"?>\n<library-list>\n";
  for (const Library& library : target.Libraries()) {
    xml += "<library name=\"" + XmlText(library.path) + "\"><segment address=\"0x" + HexNumber(library.address) +
           "\"/></library>\n";
  }
  return xml + "</library-list>\n";
}

std::string MemoryMapXml(Target& target) {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
      "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n";
  for (const MemoryRegion& region : target.MemoryMap()) {
    xml += std::string("<memory type=\"") + (region.kind == MemoryRegion::Kind::kRom ? "rom" : "ram") +
           "\" start=\"0x" + HexNumber(region.start) + "\" length=\"0x" + HexNumber(region.length) + "\"/>\n";
  }
  return xml + "</memory-map>\n";
}

void AppendXml(std::string& xml, char character) {
  switch (character) {
    case '<':
      xml += "&lt;";
      return;
    case '>':
      xml += "&gt;";
      return;
    case '&':
      xml += "&amp;";
      return;
    case '"':
      xml += "&quot;";
      return;
    default:
      // Other control characters cannot be written in XML 1.0 at all.
      xml += static_cast<unsigned char>(character) < ' ' ? '?' : character;
  }
}

}  // namespace

std::string XmlText(std::string_view text) {
  std::string xml;
  for (const char character : text) {
    AppendXml(xml, character);
  }
  return xml;
}

std::optional<std::string> MakeDocument(Target& target, std::string_view object, std::string_view annex) {
  if (object == "features" && annex == "target.xml") {
    return TargetXml();
  }
  if (object == "threads" && annex.empty()) {
    return ThreadList(target);
  }
  if (object == "libraries" && annex.empty()) {
    return LibraryList(target);
  }
  if (object == "memory-map" && annex.empty()) {
    return MemoryMapXml(target);
  }
  if (object == "exec-file") {
    return target.ExecFile();  // the annex is a process's number; there is only one
  }
  return std::nullopt;
}

}  // namespace vmm::gdb
