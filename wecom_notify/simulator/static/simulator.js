// Redraws the page when something new has arrived; scrolls down as a phone does.
(function () {
  "use strict";
  function last() {
    var box = document.querySelector(".messages");
    if (box) { box.scrollTop = box.scrollHeight; }
  }
  function atEnd() {
    var box = document.querySelector(".messages");
    return !box || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  }
  async function look() {
    try {
      var answer = await (await fetch("/version", { cache: "no-store" })).json();
      if (String(answer.version) !== document.body.dataset.version && !document.querySelector(".sending")) {
        var html = await (await fetch(location.pathname, { cache: "no-store" })).text();
        var fresh = new DOMParser().parseFromString(html, "text/html");
        var follow = atEnd();
        var box = document.querySelector(".messages");
        var place = box ? box.scrollTop : 0;
        document.getElementById("list").replaceWith(fresh.getElementById("list"));
        document.getElementById("view").replaceWith(fresh.getElementById("view"));
        document.body.dataset.version = fresh.body.dataset.version;
        if (follow) { last(); } else { document.querySelector(".messages").scrollTop = place; }
      }
    } catch (unreachable) { /* the simulator is restarting; try again */ }
    setTimeout(look, 1500);
  }
  document.addEventListener("submit", function (event) {
    var button = event.submitter;
    var box = document.querySelector(".messages");
    if (box) { sessionStorage.setItem("place", box.scrollTop); }
    if (button) { setTimeout(function () { button.classList.add("sending"); button.disabled = true; }, 0); }
  });
  if (location.search) { history.replaceState(null, "", location.pathname); }
  last();
  var kept = sessionStorage.getItem("place");  // after a press, stay at the card
  if (kept !== null && document.querySelector(".messages")) {
    document.querySelector(".messages").scrollTop = Number(kept);
    sessionStorage.removeItem("place");
  }
  setTimeout(look, 1500);
}());
