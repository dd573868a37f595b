// Shows the OpenAPI document with Swagger UI, from which requests can be tried.

const place = document.getElementById("api");
SwaggerUIBundle({ domNode: place, url: place.dataset.document, deepLinking: true, validatorUrl: null });
