#include "daemon/scramd_exporter/web_page.h"

namespace scram {

// The board is the exporter's own HTML, in which every text of others is escaped.
const std::string_view web_script = R"js("use strict";
const board = document.getElementById("board");
const silence = document.getElementById("silence");
let heard = Date.now();
let source;
function listen() {
    source = new EventSource("/events");
    source.onmessage = event => {
        heard = Date.now();
        board.innerHTML = event.data;
        document.title = board.firstElementChild.dataset.title;
    };
}
listen();
setInterval(() => {
    const seconds = Math.round((Date.now() - heard) / 1000);
    silence.hidden = seconds < 4;
    silence.textContent = `NO ANSWER for ${seconds} s: what follows is OLD`;
    if (seconds >= 4) document.title = "NO ANSWER";
    if (source.readyState === EventSource.CLOSED) listen();
}, 1000);
)js";

const std::string_view web_style = R"css(:root { color-scheme: dark; }
body { margin: 0 auto; padding: 0.7rem; max-width: 70rem; background: #101418; color: #f0f0f0;
    font: 1rem/1.4 system-ui, sans-serif; }
h1 { font-size: 1rem; margin: 0; color: #b8c0c8; }
h2 { font-size: 1rem; margin: 1.2rem 0 0.3rem; color: #b8c0c8; }
.verdict { margin: 0.3rem 0; padding: 0.5rem 0.8rem; font-size: 2rem; line-height: 1.2;
    font-weight: bold; border-radius: 0.3rem; }
.good { background: #0b5d2a; color: #fff; }
.bad { background: #a01515; color: #fff; }
.age { font-size: 1.6rem; margin: 0.2rem 0; }
table { border-collapse: collapse; width: 100%; }
.wide { overflow-x: auto; }
th, td { text-align: left; padding: 0.25rem 0.6rem 0.25rem 0; border-bottom: 1px solid #39424a;
    vertical-align: top; }
th { color: #b8c0c8; font-weight: normal; }
td:first-child { white-space: nowrap; }
td.alert { color: #ff9b9b; font-weight: bold; }
meter { width: 6rem; height: 1rem; }
#silence { position: sticky; top: 0; }
)css";

}  // namespace scram
