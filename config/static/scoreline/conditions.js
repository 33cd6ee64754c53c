// The values of the chosen field are offered beside it.

for (const row of document.querySelectorAll("[data-condition]")) {
    const field = row.querySelector("select");
    const value = row.querySelector("input[type=text]");
    const offer = () => value.setAttribute("list", `values-${field.value}`);
    field.addEventListener("change", offer);
    offer();
}
