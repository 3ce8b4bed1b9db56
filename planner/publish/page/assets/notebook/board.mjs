// The page in a notebook: a frame with an origin of its own, and one port between it and the model.

const HEARD = ["plan", "state"];

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = model.get("title");
  frame.style.cssText = "width: 100%; border: 1px solid #ddd; display: block";
  const high = () => (frame.style.height = `${model.get("height")}px`);
  high();
  let port = null;
  const told = {}; // what page and model both know
  const send = (name) => {
    const text = model.get(name);
    if (!port || text === told[name]) return;
    told[name] = text;
    port.postMessage({ [name]: text });
  };
  function hear({ data }) {
    if (data.ready) for (const name of HEARD) if (model.get(name)) send(name);
    for (const name of HEARD) {
      if (typeof data[name] !== "string") continue;
      told[name] = data[name];
      model.set(name, data[name]);
    }
    if (typeof data.refused === "string") model.set("refused", data.refused);
    if (!data.ready) model.save_changes();
  }
  frame.addEventListener("load", () => {
    port?.close();
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = hear;
    for (const name of HEARD) delete told[name];
    frame.contentWindow.postMessage({ planner: "connect" }, "*", [channel.port2]); // its origin is opaque: it has no name
  });
  const follow = HEARD.map((name) => [`change:${name}`, () => send(name)]);
  follow.push(["change:height", high]);
  for (const [event, act] of follow) model.on(event, act);
  frame.srcdoc = model.get("html");
  el.append(frame);
  return () => {
    for (const [event, act] of follow) model.off(event, act);
    port?.close();
  };
}

export default { render };
