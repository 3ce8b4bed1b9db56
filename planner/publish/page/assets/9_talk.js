// A notebook that shows the page in a frame of its own making (srcdoc, an origin of nobody's) may talk with it. It hands over
// one port, once; a page opened from a file or a server listens to nobody.
// Out: { ready }, { plan }, { state }, { refused }; in: { plan } or { state }.

function takeTalk(started) {
  const framed = window.parent !== window && location.protocol === "about:";
  if (!framed) return;
  const connect = (event) => {
    if (event.source !== window.parent || event.data?.planner !== "connect" || event.ports.length !== 1) return;
    window.removeEventListener("message", connect);
    const [port] = event.ports;
    started.then(({ desk }) => desk && talk(desk, port));
  };
  window.addEventListener("message", connect);
}

function talk(desk, port) {
  const door = window.planner;
  const told = {};
  const say = (name, text) => {
    if (told[name] === text) return;
    told[name] = text;
    port.postMessage({ [name]: text });
  };
  const plan = () => planJson(desk, placeOf(desk, __planner.head), { study: __planner.head.about.title, key: desk.part.key });
  const state = () => {
    const { edits, cutoff, ...plain } = desk.state();
    return JSON.stringify(plain);
  };
  port.onmessage = async ({ data }) => {
    try {
      if (typeof data.plan === "string" && data.plan !== told.plan) {
        if (data.plan) desk.restore(readPlan(data.plan, desk).kept);
        else await door.setState({ reset: true });
        told.plan = plan(); // whoever sent it knows it
      }
      if (typeof data.state === "string" && data.state !== told.state) await door.setState(JSON.parse(data.state));
    } catch (error) {
      port.postMessage({ refused: String(error.message ?? error) });
    }
  };
  told.plan = plan();
  told.state = state();
  desk.subscribe(() => {
    say("plan", plan());
    say("state", state());
  }, true);
  port.postMessage({ ready: true });
}

takeTalk(started);
