// SPDX-License-Identifier: Apache-2.0
#include "report/html_style.h"

namespace trimtab::report {

namespace {

constexpr std::string_view kCss = R"css(
:root{color-scheme:light dark;
--paper:#faf9f6;--card:#fff;--ink:#1b1f24;--soft:#565e68;--rule:#e2dfd8;--wash:#f1efe9;
--sea:#0d5c75;--harm:#b3261e;--harm-wash:#fbeae8;--notice:#855300;--notice-wash:#fbf1dc;--calm:#1c6b47;--calm-wash:#e7f3ec;
--line:#66717c;--band:#d6e6ea;--gap:#e9e6df;--shade:#b3261e14}
@media (prefers-color-scheme:dark){:root{
--paper:#13171b;--card:#1a1f24;--ink:#e9e7e2;--soft:#a3acb5;--rule:#2d343b;--wash:#20262c;
--sea:#7cc4dc;--harm:#ff8f85;--harm-wash:#3a1f1d;--notice:#f0bd63;--notice-wash:#35290f;--calm:#7fd0a4;--calm-wash:#16301f;
--line:#97a2ad;--band:#1f3d48;--gap:#2a3037;--shade:#ff8f851f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
a{color:var(--sea);text-underline-offset:.18em}
:focus-visible{outline:3px solid var(--sea);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:2}
.wrap{max-width:62rem;margin:0 auto;padding:0 1.5rem}
.top{display:flex;flex-wrap:wrap;gap:.75rem 2rem;align-items:center;justify-content:space-between;padding:1.25rem 0}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:650;letter-spacing:-.01em}
.brand svg{width:1.5rem;height:1.5rem;color:var(--sea)}
.audience{display:flex;gap:.25rem;background:var(--wash);padding:.2rem;border-radius:.6rem;font-size:.875rem}
.audience a{padding:.3rem .8rem;border-radius:.45rem;color:var(--soft);text-decoration:none}
.audience a:hover{color:var(--ink)}
.audience a[aria-current]{background:var(--card);color:var(--ink);font-weight:600;box-shadow:0 1px 2px #0002}
.verdict{padding:1.75rem 0 2rem}
.verdict .asked{margin:0 0 .6rem;color:var(--soft);font-size:.9375rem}
h1{margin:0;font-size:clamp(1.5rem,1.1rem + 1.9vw,2.25rem);line-height:1.22;letter-spacing:-.022em;font-weight:680;max-width:34ch;text-wrap:balance}
.lamp{display:inline-flex;align-items:center;gap:.5rem;margin:0 0 .9rem;padding:.2rem .7rem;border-radius:2rem;font-size:.8125rem;font-weight:600;background:var(--wash);color:var(--soft)}
.lamp::before{content:"";width:.55rem;height:.55rem;border-radius:50%;background:currentColor}
.m-harm .lamp{background:var(--harm-wash);color:var(--harm)}
.m-notice .lamp{background:var(--notice-wash);color:var(--notice)}
.m-calm .lamp{background:var(--calm-wash);color:var(--calm)}
.verdict .movement{margin:.9rem 0 0;color:var(--soft)}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:0;margin:0 0 2rem;padding:0;border:1px solid var(--rule);border-radius:.75rem;background:var(--card);overflow:hidden}
.tiles li{padding:.9rem 1.1rem;box-shadow:-1px 0 0 var(--rule),0 -1px 0 var(--rule)}
.tiles b{display:block;font-size:1.5rem;line-height:1.2;font-weight:650;letter-spacing:-.02em}
.tiles span{font-size:.8125rem;color:var(--soft)}
.tiles .t-harm b{color:var(--harm)}
.notices{list-style:none;margin:0 0 2rem;padding:0}
.notices li{padding:.6rem 1rem;margin:0 0 .5rem;border-left:3px solid var(--notice);background:var(--notice-wash);border-radius:0 .4rem .4rem 0;font-size:.9375rem}
section{margin:0 0 3rem}
h2{margin:0 0 1rem;font-size:1.25rem;letter-spacing:-.015em;font-weight:650}
h2 small{font-weight:400;color:var(--soft);font-size:.875rem;letter-spacing:0;margin-left:.5rem}
h3,h4{margin:0;font-size:1.125rem;line-height:1.35;letter-spacing:-.01em;font-weight:650}
.card{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;padding:1.35rem 1.5rem;margin:0 0 1.1rem;scroll-margin-top:1rem}
.card:target{outline:2px solid var(--sea)}
.card.harmful{border-left:4px solid var(--harm)}.card.possible{border-left:4px solid var(--notice)}
.card header{display:flex;gap:.4rem 1rem;justify-content:space-between;align-items:baseline}
.card .id{color:var(--soft);font-size:.8125rem;white-space:nowrap;text-decoration:none}
h3.group{font-size:.9375rem;color:var(--soft);font-weight:600;margin:1.5rem 0 .6rem}
.badges{display:flex;flex-wrap:wrap;gap:.4rem;margin:.55rem 0 0;padding:0;list-style:none;font-size:.8125rem}
.badges li{padding:.1rem .6rem;border-radius:.8rem;background:var(--wash);color:var(--soft)}
.badges .b-harm{background:var(--harm-wash);color:var(--harm);font-weight:600}
.badges .b-notice{background:var(--notice-wash);color:var(--notice);font-weight:600}
.badges .b-known{background:var(--calm-wash);color:var(--calm)}
.figures{display:flex;flex-wrap:wrap;gap:.75rem 2.25rem;margin:1.1rem 0 0}
.figures div{min-width:6rem}
.figures dt,.facts dt{font-size:.8125rem;color:var(--soft)}
.figures dd{margin:0;font-size:1.25rem;font-weight:600;letter-spacing:-.015em;line-height:1.3}
.figures dd small{display:block;font-size:.8125rem;font-weight:400;color:var(--soft);letter-spacing:0}
.figures .now dd{color:var(--harm)}
.facts{display:grid;grid-template-columns:minmax(7.5rem,max-content) 1fr;gap:.4rem 1.25rem;margin:1.1rem 0 0;font-size:.9375rem}
.facts dt{padding-top:.1rem}.facts dd{margin:0}
.facts .next dd,.facts dd.next{font-weight:600}
.facts ul{margin:0;padding-left:1.1rem}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;background:var(--wash);padding:.1em .35em;border-radius:.3em}
pre{margin:.5rem 0;padding:.7rem .9rem;background:var(--wash);border-radius:.5rem;overflow-x:auto;white-space:pre-wrap}
pre code{background:none;padding:0}
details{margin:1rem 0 0;border-top:1px solid var(--rule);padding-top:.75rem}
summary{cursor:pointer;font-size:.9375rem;color:var(--sea)}
figure{margin:1.2rem 0 0}
figcaption{font-size:.8125rem;color:var(--soft);margin-bottom:.6rem}
.plot{display:grid;grid-template-columns:4.6rem 1fr;gap:.6rem;height:9.5rem}
.y-axis{display:flex;flex-direction:column;justify-content:space-between;text-align:right;font-size:.75rem;line-height:1;color:var(--soft);margin:-.375rem 0;white-space:nowrap}
.plot svg{width:100%;height:100%;display:block;overflow:visible;min-height:0}
.chart .x-axis{margin-left:5.2rem}
.x-axis{display:flex;justify-content:space-between;gap:1rem;font-size:.75rem;color:var(--soft);margin-top:.45rem}
.plot path,.plot line,.strip line{vector-effect:non-scaling-stroke;fill:none}
.grid{stroke:var(--rule);stroke-width:1}.band{fill:var(--band)}.window{fill:var(--shade)}.gap{fill:var(--gap)}
.usual{stroke:var(--sea);stroke-width:1;stroke-dasharray:4 4}.limit{stroke:var(--harm);stroke-width:1.5;stroke-dasharray:8 4}
.line{stroke:var(--line);stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
.hot{stroke:var(--harm);stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:.6rem 0 0;padding:0;font-size:.8125rem;color:var(--soft)}
.chart .legend{margin-left:5.2rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.key{flex:none;width:.9rem;height:.6rem;border-radius:2px;background:var(--line)}
.k-band{background:var(--band)}.k-gap,.kc-too_short{background:var(--gap)}
.k-usual{height:0;background:none;border-top:2px dashed var(--sea);border-radius:0}
.k-limit{height:0;background:none;border-top:2px dashed var(--harm);border-radius:0}
.k-harm{background:var(--harm)}.k-notice{background:var(--notice)}.k-known{background:var(--sea);opacity:.55}.k-ended{opacity:.45}.k-event{width:.2rem;background:var(--sea);height:.8rem}
.k-hot{height:3px;background:var(--harm)}
.k-interval,.interval{background:var(--notice);fill:var(--notice);opacity:.45}.k-expected,.expected{background:var(--notice);fill:var(--notice)}
.k-expected{width:.25rem;height:.8rem}
.empty{color:var(--soft);background:var(--wash);border-radius:.5rem;padding:1.2rem;text-align:center;margin:0;font-size:.9375rem}
.strip{display:block;width:100%;height:.9rem;overflow:visible}
.track{stroke:var(--rule);stroke-width:1}
.bar{fill:var(--line)}.b-harm.bar{fill:var(--harm)}.b-notice.bar{fill:var(--notice)}.b-known.bar{fill:var(--sea);opacity:.55}.b-ended.bar{fill:var(--line);opacity:.45}.tick{fill:var(--sea)}
.timeline{margin:0 0 2.5rem}
.t-row{display:grid;grid-template-columns:minmax(6rem,15rem) 1fr;gap:1rem;align-items:center;font-size:.875rem;padding:.28rem 0}
.t-name{color:var(--soft);text-decoration:none;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
a.t-name{color:var(--ink)}a.t-name:hover{text-decoration:underline}
.t-axis .x-axis{margin:0}.timeline .legend{margin-left:16rem}
.c-judged,.kc-judged{fill:var(--sea);background:var(--sea)}
.c-too_short,.kc-too_short{fill:var(--line);background:var(--line)}
.c-stale,.kc-stale{fill:var(--notice);background:var(--notice)}
.c-too_sparse,.kc-too_sparse{fill:var(--band);background:var(--band)}
.c-failed,.kc-failed{fill:var(--harm);background:var(--harm)}
.c-other,.kc-other{fill:var(--gap);background:var(--gap)}
.coverage{margin:0 0 1rem}
.plain{margin:0;padding:0;list-style:none}
.plain li{padding:.7rem 0;border-top:1px solid var(--rule)}
.plain li:first-child{border-top:0}
.plain small,.meta{color:var(--soft);font-size:.875rem}
.meta{margin:.25rem 0 0}
.say{margin:.35rem 0 0;font-size:1.0625rem}
.restful{text-align:center;padding:2.6rem 1.5rem;border:1px solid var(--rule);border-radius:.75rem;background:var(--card);color:var(--soft)}
.restful svg{width:7rem;height:3rem;color:var(--calm);margin-bottom:.6rem}
.restful.unknown svg{color:var(--line)}
.restful p{margin:.2rem auto;max-width:46ch}
.restful strong{color:var(--ink);font-size:1.0625rem}
footer.end{border-top:1px solid var(--rule);padding:1.25rem 0 2.5rem;color:var(--soft);font-size:.8125rem}
@media (max-width:40rem){.wrap{padding:0 1rem}.card{padding:1.1rem 1rem}.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.55rem}
.plot{grid-template-columns:3.7rem 1fr;height:8rem}.chart .x-axis,.chart .legend{margin-left:0}.x-axis .mid{display:none}.chart .x-axis{margin-left:4.3rem}
.t-row{grid-template-columns:7rem 1fr;gap:.6rem}.timeline .legend{margin-left:0}.tiles{grid-template-columns:1fr 1fr}.tiles li:last-child{grid-column:1/-1}.figures{display:grid;grid-template-columns:1fr 1fr;gap:.75rem 1rem}.verdict{padding:1rem 0 1.5rem}section{margin-bottom:2.2rem}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#ccc;--wash:#f4f4f4;--sea:#0d5c75;--harm:#b3261e;--notice:#855300;--calm:#1c6b47;--line:#555;--band:#dcebef;--gap:#eee;--harm-wash:#fff;--notice-wash:#fff;--calm-wash:#fff}
body{font-size:11pt}.audience,.skip{display:none}.card,.timeline,figure{break-inside:avoid}a{color:inherit;text-decoration:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

}  // namespace

std::string_view brief_css() { return kCss; }

}  // namespace trimtab::report
