// Runs before anything is painted, so that a chosen theme does not flash the other one first.
document.documentElement.dataset.theme = localStorage.getItem("easel-theme") ?? "";
