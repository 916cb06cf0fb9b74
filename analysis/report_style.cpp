#include "analysis/report_sections.hpp"

namespace spikeloom::analysis {

std::string_view report_style() {
    return R"css(
:root { --ink: #1c2126; --soft: #5b6670; --line: #d8dde2; --paper: #ffffff; --panel: #f6f7f9;
  --accent: #2f6690; --heat: #d06a1c; --good: #2e7d46; --bad: #b3261e; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --soft: #9aa5b0; --line: #3a4149; --paper: #14171a; --panel: #1d2125;
    --accent: #7fb3d9; --heat: #e08a3c; --good: #6cc38a; --bad: #f2857c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 "Source Sans 3", "Segoe UI", "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 40px 28px 80px; }
header h1 { font-size: 30px; line-height: 1.2; font-weight: 600; margin: 0 0 8px; }
header p { margin: 2px 0; color: var(--soft); }
h2 { font-size: 21px; font-weight: 600; margin: 52px 0 10px; padding-top: 14px;
  border-top: 1px solid var(--line); }
h3 { font-size: 16px; font-weight: 600; margin: 26px 0 6px; }
p { margin: 8px 0; max-width: 78ch; }
.note { color: var(--soft); font-size: 14px; }
code, pre { font-family: "Source Code Pro", Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: 8px 0; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px;
  margin: 28px 0 8px; }
.tiles div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  padding: 12px 14px 10px; }
.tiles b { display: block; font-size: 25px; line-height: 1.25; font-weight: 600; white-space: nowrap; }
.tiles span { display: block; font-size: 13px; color: var(--soft); line-height: 1.35; }
.tiles b.good { color: var(--good); } .tiles b.bad { color: var(--bad); }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 14px; line-height: 1.4; width: 100%; }
th.number { white-space: normal; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid var(--ink); vertical-align: bottom; }
th, td { padding: 4px 14px 4px 0; } th:last-child, td:last-child { padding-right: 0; }
td { border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.sum td { font-weight: 600; border-top: 1px solid var(--ink); border-bottom: none; }
.share { display: inline-block; min-width: 4.6em; color: var(--soft); }
.component { white-space: nowrap; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 7px;
  vertical-align: baseline; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; margin: 12px 0 0; }
figure { margin: 14px 0; } figcaption { font-size: 14px; color: var(--soft); max-width: 108ch; }
svg.plot { width: 100%; height: auto; display: block; color: var(--ink); }
svg.map { width: 100%; height: auto; display: block; }
svg text { font-family: inherit; }
.maps { display: flex; flex-wrap: wrap; gap: 4px 34px; align-items: flex-start; }
.maps figure { flex: 0 1 auto; } .maps svg { min-width: 150px; }
svg.map text { font-size: 11px; fill: var(--ink); text-anchor: middle; dominant-baseline: central;
  pointer-events: none; }
svg.map text.scale { text-anchor: start; fill: var(--soft); }
.tile { stroke: var(--line); } .tile.core { fill: var(--heat); } .tile.empty { fill: none; }
.tile.memory { fill: none; stroke: var(--accent); stroke-width: 1.6; }
.tile.host { fill: none; stroke: var(--soft); stroke-width: 1.6; stroke-dasharray: 3 2; }
.warning { border: 1px solid var(--bad); border-left-width: 5px; border-radius: 6px;
  padding: 10px 14px; margin: 20px 0; font-size: 14px; }
.warning p { margin: 3px 0; max-width: none; }
details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
.prompt { color: var(--soft); }
dt { margin-top: 6px; } dd { margin-left: 22px; }
@media (max-width: 760px) { .tiles { grid-template-columns: repeat(2, 1fr); } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --panel: #fff; --accent: #2f6690;
    --heat: #d06a1c; --good: #1d6b34; --bad: #a3201a; }
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; } figure, .tiles div, tr { break-inside: avoid; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";
}

}  // namespace spikeloom::analysis
