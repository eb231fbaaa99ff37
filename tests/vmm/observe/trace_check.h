// What makes a timeline one that a viewer can show: every event whole, times of a track in order, ends that match.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace vmm {

// What is wrong with it; empty: nothing.
[[nodiscard]] inline std::string CheckTrace(const nlohmann::json& trace) {
  std::map<int, double> last_time;
  std::map<int, std::vector<std::string>> nested;
  using Span = std::tuple<std::string, std::string, uint64_t>;
  std::map<Span, int> open;
  const auto span_of = [](const nlohmann::json& event) {
    return Span(event.at("cat").get<std::string>(), event.at("name").get<std::string>(),
                event.at("id").get<uint64_t>());
  };
  if (!trace.is_array()) {
    return "no array";
  }
  for (const auto& event : trace) {
    const std::string phase = event.value("ph", "");
    if (!event.contains("name") || !event.contains("pid")) {
      return "no name or pid: " + event.dump();
    }
    if (phase == "M") {
      continue;
    }
    const int track = event.at("tid").get<int>();
    const double time = event.at("ts").get<double>();
    if (last_time.contains(track) && time < last_time[track]) {
      return "time goes back: " + event.dump();
    }
    last_time[track] = time;
    const std::string name = event.at("name").get<std::string>();
    if (phase == "B") {
      nested[track].push_back(name);
    } else if (phase == "E") {
      if (nested[track].empty() || nested[track].back() != name) {
        return "an end without a begin: " + event.dump();
      }
      nested[track].pop_back();
    } else if (phase == "b") {
      if (++open[span_of(event)] != 1) {
        return "begun twice: " + event.dump();
      }
    } else if (phase == "e") {
      if (--open[span_of(event)] != 0) {
        return "ended without a begin: " + event.dump();
      }
    } else if (phase == "X") {
      if (event.at("dur").get<double>() < 0) {
        return "negative duration: " + event.dump();
      }
    } else if (phase != "i" && phase != "C") {
      return "unknown phase: " + event.dump();
    }
  }
  for (const auto& [track, names] : nested) {
    if (!names.empty()) {
      return "not ended: " + names.back();
    }
  }
  for (const auto& [key, count] : open) {
    if (count != 0) {
      return "not ended: " + std::get<1>(key);
    }
  }
  return "";
}

}  // namespace vmm
