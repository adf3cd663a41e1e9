// Shows the API with Swagger UI; calls made from the page carry the browser's own session and XSRF cookie.
const cookie = name => (document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [])[1];

window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: `${document.body.dataset.api}/openapi.json`,
    dom_id: "#docs",
    deepLinking: true,
    validatorUrl: null,
    requestInterceptor: request => {
      const token = cookie("_xsrf");
      if (token && new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-XSRFToken"] = decodeURIComponent(token);
      }
      return request;
    },
  });
});
