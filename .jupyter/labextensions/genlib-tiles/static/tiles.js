// Tiles of genlib in JupyterLab's launcher. It is written by hand in the form in which JupyterLab
// loads what is built for it: `init` is given JupyterLab's own modules, `get` gives the plugin.
(() => {
  const TILES = [
    { id: "genlib:tour", label: "genlib: tour", fragment: "#cell-id=9784036a" },
    { id: "genlib:report", label: "genlib: run a report", fragment: "#cell-id=f0a1c2d3" },
  ];
  let modules;

  async function take(name) {
    const [version] = Object.values(modules[name]);
    return (await version.get())();
  }

  function addTile(app, launcher, tile, rank) {
    const { icon } = app.docRegistry.getFileType("notebook");
    app.commands.addCommand(tile.id, { label: tile.label, icon, execute: () => open(app, tile) });
    launcher.add({ command: tile.id, category: "genlib", rank });
  }

  async function open(app, tile) {
    const notebook = await app.commands.execute("docmanager:open", { path: "tour.ipynb" });
    await notebook.revealed;
    await notebook.setFragment(tile.fragment);
  }

  async function get() {
    const { ILauncher } = await take("@jupyterlab/launcher");
    const activate = (app, launcher) =>
      TILES.forEach((tile, rank) => addTile(app, launcher, tile, rank));
    const plugin = { id: "genlib-tiles:plugin", autoStart: true, requires: [ILauncher], activate };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["genlib-tiles"] = { init: given => { modules = given; }, get };
})();
