"""A view keeps its name, errors and idempotency, whatever wraps it."""

from web.http.operations import Operation, operation


def test_a_view_is_named_and_stays_callable():
    @operation("tickets.create", "conflict", idempotent=True)
    def submit():
        return "done"

    assert submit() == "done"
    assert submit.operation == Operation("tickets.create", ("conflict",), idempotent=True)


def test_errors_that_an_operation_names_are_in_the_description(app):
    responses = app.test_client().get("/openapi.json").json["paths"]["/v1/tickets"]["post"]["responses"]
    assert responses["422"]["$ref"].endswith("/address_refused.idempotency_mismatch.invalid")
