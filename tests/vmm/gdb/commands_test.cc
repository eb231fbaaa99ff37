// The packets that are answered at once, right ones and wrong ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/vmm/gdb/support/session_client.h"
#include "vmm/gdb/register_map.h"
#include "vmm/gdb/target_xml.h"
#include "vmm/gdb/text.h"

namespace gdb_test {
namespace {

using gdb::AddressSpace;
using gdb::ErrorCode;

class Commands : public testing::Test {
 protected:
  std::string Ask(std::string_view payload) { return client_.Ask(payload); }
  void ExpectInvalid(std::initializer_list<const char*> packets) {
    for (const char* packet : packets) {
      EXPECT_EQ(Ask(packet), "E16") << packet;
    }
  }

  FakeTarget target_;
  SessionClient client_{target_};
};

TEST_F(Commands, TellWhatIsSupported) {
  target_.exec_file = "/kernel";
  const std::string features = Ask("qSupported:multiprocess+;swbreak+;xmlRegisters=i386;unknown?");
  for (const char* feature :
       {"PacketSize=20000", "QStartNoAckMode+", "swbreak+", "hwbreak+", "vContSupported+", "qXfer:features:read+",
        "qXfer:threads:read+", "qXfer:libraries:read+", "qXfer:exec-file:read+"}) {
    EXPECT_NE(features.find(feature), std::string::npos) << feature;
  }
  EXPECT_EQ(features.find("multiprocess"), std::string::npos);
  EXPECT_EQ(features.find("memory-map"), std::string::npos) << "this target has none";
}

TEST_F(Commands, ReadAndWriteRegistersOfTheSelectedThread) {
  EXPECT_EQ(Ask("Hg2"), "OK");
  EXPECT_EQ(Ask("p10"), "0020000000000000");
  EXPECT_EQ(Ask("P10=8877665544332211"), "OK");
  EXPECT_EQ(target_.registers(2).rip, 0x1122334455667788u);
  EXPECT_EQ(target_.registers(1).rip, 0x1000u);
  const std::string all = Ask("g");
  EXPECT_EQ(Ask("Hg1"), "OK");
  EXPECT_EQ(Ask("G" + all), "OK");
  EXPECT_EQ(target_.registers(1), target_.registers(2));
}

TEST_F(Commands, RefuseWrongRegisters) {
  ExpectInvalid({"p", "pzz", "p42", "p10,", "pffffffffffffffff", "P10", "P10=", "P10=00", "P10=zz22334455667788",
                 "P42=00", "G", "G00", "Gzz"});
  target_.write_registers_error = ErrorCode::kInvalid;
  EXPECT_EQ(Ask("P10=0000000000000000"), "E16");
}

TEST_F(Commands, ReadMemoryUpToWhereItEnds) {
  target_.AddMemory(AddressSpace::kVirtual, 0x2000, std::string("\x00\x7f\xff}", 4));
  EXPECT_EQ(Ask("m2000,4"), "007fff7d");
  EXPECT_EQ(Ask("m2002,100000000"), "ff7d");
  EXPECT_EQ(Ask("m2004,1"), "E0e");
  EXPECT_EQ(Ask("x2000,4"), std::string("b\x00\x7f\xff}", 5));
  EXPECT_EQ(Ask("x2004,1"), "E0e");
  EXPECT_EQ(Ask("x0,0"), "b");
}

TEST_F(Commands, ReadTheLastByteOfTheAddressSpace) {
  target_.AddMemory(AddressSpace::kVirtual, UINT64_MAX - 1, "yz");
  EXPECT_EQ(Ask("mfffffffffffffffe,1000"), "797a");
  EXPECT_EQ(Ask("Mfffffffffffffffe,2:4142"), "OK");
  EXPECT_EQ(Ask("mffffffffffffffff,1"), "42");
  EXPECT_EQ(Ask("Mffffffffffffffff,2:4142"), "E16") << "nothing wraps around";
}

TEST_F(Commands, AnswerLargeReadsWithAsMuchAsFits) {
  target_.AddMemory(AddressSpace::kVirtual, 0, std::string(2 * gdb::kMaxPayload, '*'));
  EXPECT_EQ(Ask("m0,ffffffffffffffff").size(), gdb::kMaxPayload);
  EXPECT_EQ(Ask("x0,ffffffffffffffff").size(), gdb::kMaxPayload / 2) << "each byte is escaped";
}

TEST_F(Commands, WriteMemory) {
  target_.AddMemory(AddressSpace::kVirtual, 0x2000, "xxxxxx");
  EXPECT_EQ(Ask("M2000,2:4142"), "OK");
  EXPECT_EQ(Ask("X2002,3:}\x03}]z"), "OK");
  EXPECT_EQ(target_.MemoryAt(AddressSpace::kVirtual, 0x2000, 6), "AB#}zx");
  EXPECT_EQ(Ask("X0,0:"), "OK") << "gdb asks so whether we know X";
  EXPECT_EQ(Ask("M2005,2:4142"), "E0e");
  EXPECT_EQ(Ask("M3000,1:41"), "E0e");
}

TEST_F(Commands, RefuseWrongMemoryRanges) {
  ExpectInvalid({"m",
                 "m0",
                 "m0,",
                 "m,1",
                 "m0,0",
                 "m0,1,",
                 "mx,1",
                 "m10000000000000000,1",
                 "M0,1",
                 "M0,1:",
                 "M0,1:4",
                 "M0,1:4142",
                 "M0,2:41",
                 "M0,1:zz",
                 "Mffffffffffffffff,ffffffffffffffff:",
                 "X0,1",
                 "X0,1:",
                 "X0,2:a",
                 "X0,1:ab",
                 "X0,ffffffffffffffff:a",
                 "x0",
                 "x0,1,"});
}

TEST_F(Commands, InsertAndRemovePointsOfAllKinds) {
  EXPECT_EQ(Ask("Z0,401000,1"), "OK");
  EXPECT_EQ(Ask("Z4,5000,8"), "OK");
  ASSERT_EQ(target_.points().size(), 2u);
  EXPECT_EQ(target_.points()[1], (gdb::Point{.kind = gdb::PointKind::kAccess, .address = 0x5000, .length = 8}));
  EXPECT_EQ(Ask("z0,401000,1"), "OK");
  EXPECT_EQ(Ask("z4,5000,8"), "OK");
  EXPECT_TRUE(target_.points().empty());
}

TEST_F(Commands, TellUnsupportedPointsFromFailedOnes) {
  target_.insert_point_error = ErrorCode::kNotSupported;
  EXPECT_EQ(Ask("Z2,0,4"), "");
  target_.insert_point_error = ErrorCode::kNoRoom;
  EXPECT_EQ(Ask("Z2,0,4"), "E1c");
  ExpectInvalid({"Z", "Z5,0,1", "Z0", "Z0,", "Z0,0", "Z0,0,", "Z0,0,0", "Z0,0,1;X1,0", "zz,0,1", "z0,0,x"});
}

TEST_F(Commands, ListAndSelectThreads) {
  EXPECT_EQ(Ask("qfThreadInfo"), "m1,2");
  EXPECT_EQ(Ask("qsThreadInfo"), "l");
  EXPECT_EQ(Ask("T2"), "OK");
  EXPECT_EQ(Ask("T3"), "E03");
  EXPECT_EQ(Ask("T0"), "E03");
  EXPECT_EQ(Ask("Hg0"), "OK");
  EXPECT_EQ(Ask("Hc-1"), "OK");
  EXPECT_EQ(Ask("Hg3"), "E03");
  EXPECT_EQ(Ask("Hgffffffff"), "E03");
  ExpectInvalid({"H", "Hg", "Hx1", "Hg1x", "Hg100000000"});
  EXPECT_EQ(Ask("qThreadExtraInfo,1"), gdb::HexText("CPU 0: <söme> & \"name\", halted"));
  EXPECT_EQ(Ask("qThreadExtraInfo,9"), "E03");
  EXPECT_EQ(Ask("qThreadStopInfo2").substr(0, 19), "T00thread:2;core:1;");
  EXPECT_EQ(Ask("qAttached"), "1");
}

TEST_F(Commands, SayWhyTheThreadStopped) {
  const auto reason = [&](gdb::StopReason why) {
    target_.StopWith(gdb::ThreadStop{.thread = 1, .reason = why, .address = 0x77});
    const std::string reply = Ask("?");
    const size_t start = reply.find("core:0;") + 7;
    return reply.substr(start, reply.find("06:") - start);
  };
  EXPECT_EQ(reason(gdb::StopReason::kSoftwareBreakpoint), "") << "the client has not said that it knows this";
  static_cast<void>(Ask("qSupported:swbreak+;hwbreak+"));
  EXPECT_EQ(reason(gdb::StopReason::kSoftwareBreakpoint), "swbreak:;");
  EXPECT_EQ(reason(gdb::StopReason::kHardwareBreakpoint), "hwbreak:;");
  EXPECT_EQ(reason(gdb::StopReason::kWriteWatch), "watch:77;");
  EXPECT_EQ(reason(gdb::StopReason::kReadWatch), "rwatch:77;");
  EXPECT_EQ(reason(gdb::StopReason::kAccessWatch), "awatch:77;");
  EXPECT_EQ(reason(gdb::StopReason::kLibraries), "library:;");
  EXPECT_EQ(reason(gdb::StopReason::kNewThread), "create:;");
  EXPECT_EQ(reason(gdb::StopReason::kPlain), "");
}

TEST_F(Commands, NameThreadsInStopsForLldb) {
  EXPECT_EQ(Ask("?").find("hexname"), std::string::npos);
  EXPECT_NE(Ask("qHostInfo").find("endian:little;"), std::string::npos);
  EXPECT_NE(Ask("qThreadStopInfo2").find("hexname:" + gdb::HexText("CPU 1: <söme> & \"name\"") + ";"),
            std::string::npos);
}

TEST_F(Commands, ExplainErrorsToClientsThatShowTexts) {
  target_.write_registers_error = ErrorCode::kInvalid;
  EXPECT_EQ(Ask("P10=0000000000000000"), "E16");
  static_cast<void>(Ask("qSupported:error-message+"));
  EXPECT_EQ(Ask("P10=0000000000000000"), "E.CR3 cannot be changed");
}

TEST_F(Commands, HandOverDocumentsInPieces) {
  const std::string& xml = gdb::TargetXml();
  std::string collected;
  std::string piece;
  do {
    piece = Ask("qXfer:features:read:target.xml:" + gdb::HexNumber(collected.size()) + ",3e8");
    collected += piece.substr(1);
  } while (piece[0] == 'm');
  EXPECT_EQ(collected, xml);
  EXPECT_EQ(Ask("qXfer:features:read:target.xml:ffffffffffffffff,10"), "l");
}

TEST_F(Commands, DescribeThreadsModulesAndMemory) {
  target_.libraries = {{.path = "/boot/<ls>", .address = 0x400000}};
  target_.memory_map = {{.start = 0, .length = 0x1000, .kind = gdb::MemoryRegion::Kind::kRom}};
  target_.exec_file = "/kernel";
  const auto document = [&](const std::string& object) { return Ask("qXfer:" + object + ":read::0,ffff"); };
  EXPECT_NE(document("threads").find(
                "<thread id=\"1\" core=\"0\" name=\"CPU 0: &lt;söme&gt; &amp; &quot;name&quot;\">halted</thread>"),
            std::string::npos);
  EXPECT_NE(document("libraries").find("<library name=\"/boot/&lt;ls&gt;\"><segment address=\"0x400000\"/></library>"),
            std::string::npos);
  EXPECT_NE(document("memory-map").find("<memory type=\"rom\" start=\"0x0\" length=\"0x1000\"/>"), std::string::npos);
  EXPECT_EQ(document("exec-file"), "l/kernel");
}

TEST_F(Commands, ShowTheSameDocumentToTheEndOfIt) {
  target_.exec_file = "first";
  EXPECT_EQ(Ask("qXfer:exec-file:read::0,2"), "mfi");
  target_.exec_file = "other";
  EXPECT_EQ(Ask("qXfer:exec-file:read::2,9"), "lrst");
  EXPECT_EQ(Ask("qXfer:exec-file:read::0,9"), "lother");
}

TEST_F(Commands, RefuseWrongTransfers) {
  EXPECT_EQ(Ask("qXfer:features:read:other.xml:0,10"), "E00");
  EXPECT_EQ(Ask("qXfer:nothing:read::0,10"), "");
  EXPECT_EQ(Ask("qXfer:features:write:target.xml:0:00"), "");
  ExpectInvalid({"qXfer:features:read:target.xml",
                 "qXfer:features:read:target.xml:", "qXfer:features:read:target.xml:0",
                 "qXfer:features:read:target.xml:0,", "qXfer:features:read:target.xml:0,1,"});
}

TEST_F(Commands, ReadFiles) {
  target_.files["/k#"] = std::string("\x7f") + "ELF}*" + std::string(200'000, '#');
  EXPECT_EQ(Ask("vFile:setfs:0"), "F0");
  EXPECT_EQ(Ask("vFile:open:2f6b23,0,0"), "F0");
  EXPECT_EQ(Ask("vFile:pread:0,6,0"),
            "F6;\x7f"
            "ELF}*");
  const std::string large = Ask("vFile:pread:0,ffffffffffffffff,6");
  EXPECT_EQ(large.substr(0, 6), "Ffff8;") << "as many as fit when each is escaped";
  EXPECT_EQ(Ask("vFile:pread:0,10,ffffffffffffffff"), "F0;");
  const std::string status = Ask("vFile:fstat:0");
  ASSERT_EQ(status.size(), 4u + 64u);
  EXPECT_EQ(status.substr(0, 4), "F40;");
  EXPECT_EQ(status.substr(4 + 28, 8), std::string("\0\0\0\0\0\x03\x0d\x46", 8)) << "st_size";
  EXPECT_EQ(Ask("vFile:close:0"), "F0");
  EXPECT_EQ(Ask("vFile:pread:0,6,0"), "F-1,9");
  EXPECT_EQ(Ask("vFile:fstat:0"), "F-1,9");
  EXPECT_EQ(Ask("vFile:close:0"), "F-1,9");
}

TEST_F(Commands, RefuseToWriteFilesAndToOpenOthers) {
  target_.files["/k"] = "x";
  EXPECT_EQ(Ask("vFile:open:2f6b,1,1ff"), "F-1,d");
  EXPECT_EQ(Ask("vFile:open:2f6b,602,1ff"), "F-1,d");
  EXPECT_EQ(Ask("vFile:open:2f78,0,0"), "F-1,2");
  for (const char* packet : {"vFile:open:", "vFile:open:2f6", "vFile:open:2f6b", "vFile:pread:0", "vFile:pread:0,1",
                             "vFile:pread:0,1,", "vFile:pread:x,1,0", "vFile:pread:0,1,0,"}) {
    EXPECT_EQ(Ask(packet), "F-1,16") << packet;
  }
  EXPECT_EQ(Ask("vFile:pwrite:0,0,x"), "");
  EXPECT_EQ(Ask("vFile:unlink:2f6b"), "");
}

TEST_F(Commands, OpenABoundedNumberOfFiles) {
  target_.files["/k"] = "x";
  for (size_t i = 0; i < gdb::FileTable::kMaxFiles; ++i) {
    EXPECT_EQ(Ask("vFile:open:2f6b,0,0"), "F" + gdb::HexNumber(i));
  }
  EXPECT_EQ(Ask("vFile:open:2f6b,0,0"), "F-1,18");
  EXPECT_EQ(Ask("vFile:close:7"), "F0");
  EXPECT_EQ(Ask("vFile:open:2f6b,0,0"), "F7");
}

std::string TextOf(const std::vector<std::string>& answers) {
  std::string text;
  for (const std::string& answer : answers) {
    const auto bytes = answer.starts_with('O') ? gdb::BytesOfHex(answer.substr(1)) : std::nullopt;
    if (bytes) {
      std::transform(bytes->begin(), bytes->end(), std::back_inserter(text), [](std::byte b) { return char(b); });
    }
  }
  return text;
}

TEST_F(Commands, PassMonitorOutputOnInPieces) {
  target_.monitor_text = std::string(100'000, 'm');
  const auto answers = client_.AskAll("qRcmd," + gdb::HexText("  status  a b \n"));
  EXPECT_EQ(TextOf(answers), target_.monitor_text + "thread 1 asked for 'a b'\n");
  EXPECT_GT(answers.size(), 10u);
  EXPECT_EQ(answers.back(), "OK");
}

TEST_F(Commands, CutEndlessMonitorOutput) {
  target_.monitor_text = std::string(3 << 20, 'm');
  const std::string text = TextOf(client_.AskAll("qRcmd," + gdb::HexText("status")));
  EXPECT_LT(text.size(), (size_t{2} << 20) + 100);
  EXPECT_TRUE(text.ends_with("\n(the rest is cut off)\n"));
}

TEST_F(Commands, TakeMonitorCommandsThatAreShortenedClearly) {
  const auto say = [this](const std::string& line) { return TextOf(client_.AskAll("qRcmd," + gdb::HexText(line))); };
  EXPECT_EQ(say("stat"), "the guest is well\n");
  EXPECT_EQ(say("st"), "'st' can be status or stop\n");
  EXPECT_EQ(say("statusx"), "there is no command 'statusx'; 'monitor help' lists what there is\n");
  EXPECT_EQ(say("stop"), "stop: it cannot be stopped\n");
  EXPECT_EQ(say("phys maybe"), "monitor phys takes 'on' or 'off'\n");
  EXPECT_EQ(say("ph"), "addresses of memory are virtual\n");
}

TEST_F(Commands, RefuseMonitorLinesThatAreNoHex) { ExpectInvalid({"qRcmd,0", "qRcmd,zz"}); }

}  // namespace
}  // namespace gdb_test
