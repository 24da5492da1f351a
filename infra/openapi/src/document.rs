//! Puts the document together: information, schemas, operations.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, PathItemBuilder, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, Required, Response,
    ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::operations::{Answer, Operation, Parameter, operations};
use crate::problems;

/// The name of the way to sign in.
const TOKEN: &str = "sessional";

/// What the gateway answers by itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "drawn, never made")]
struct GatewayMessage {
    /// In a word or two.
    message: String,
}

/// Draws the document.
#[must_use]
pub fn draw() -> OpenApi {
    let mut schemas = Schemas(ComponentsBuilder::new());
    schemas.add::<GatewayMessage>();
    schemas.add::<rules::Problem>();
    let mut paths = PathsBuilder::new();
    for operation in operations(&mut schemas) {
        let (path, method) = (operation.path, operation.method.clone());
        paths = paths.path(path, item(method, operation));
    }
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let token = token.description(Some("An access token of Sessional; its claim names the account."));
    let components = schemas.0.security_scheme(TOKEN, SecurityScheme::Http(token.build())).build();
    OpenApiBuilder::new().info(information()).paths(paths.build()).components(Some(components)).build()
}

fn information() -> utoipa::openapi::Info {
    let description = format!(
        "Keeps a Sessional account and its Xero organisation in step. Every call is about the account of the access \
         token and of no other. Errors are RFC 9457 problems with a stable `type`:\n\n{}",
        problems::table()
    );
    InfoBuilder::new().title("Sessional × Xero").version("1").description(Some(description)).build()
}

fn item(method: HttpMethod, operation: Operation) -> PathItem {
    let mut drawn = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .description(operation.description)
        .tag(operation.tag);
    for Parameter { name, place, required, description, schema } in operation.parameters {
        let required = if required { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
        drawn = drawn.parameter(parameter.description(Some(description)).schema(Some(schema)));
    }
    if let Some((schema, example)) = operation.body {
        let content = ContentBuilder::new().schema(Some(schema)).example(example).build();
        let required = if operation.body_is_optional { Required::False } else { Required::True };
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(required));
        drawn = drawn.request_body(Some(body.build()));
    }
    for (status, response) in responses(operation.answers, operation.problems, operation.public) {
        drawn = drawn.response(status.to_string(), response);
    }
    let security = if operation.public { None } else { Some(SecurityRequirement::new(TOKEN, Vec::<String>::new())) };
    drawn = drawn.securities(Some(security.into_iter().collect::<Vec<_>>()));
    PathItemBuilder::new().operation(method, drawn).build()
}

fn responses(answers: Vec<Answer>, kinds: &[&str], public: bool) -> Vec<(u16, Response)> {
    let mut responses: Vec<(u16, Response)> =
        answers.into_iter().map(|answer| (answer.status, answer.response)).collect();
    responses.extend(problems::responses(kinds));
    // Where the service has a limit of its own, `problems` says both.
    if !public && !responses.iter().any(|(status, _)| *status == 429) {
        let slow = ResponseBuilder::new().description("Too many calls at once: the gateway asks to wait");
        responses.push((429, slow.content("application/json", problems::gateway("Too Many Requests")).build()));
    }
    responses
}

/// The schemas that are named so far.
pub(crate) struct Schemas(ComponentsBuilder);

impl Schemas {
    /// Adds a type with everything that it is made of, and gives a reference to it.
    pub(crate) fn add<T: ToSchema>(&mut self) -> Ref {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        parts.push((T::name().into_owned(), <T as PartialSchema>::schema()));
        let builder = std::mem::take(&mut self.0);
        self.0 = builder.schemas_from_iter(parts);
        Ref::from_schema_name(T::name())
    }
}
