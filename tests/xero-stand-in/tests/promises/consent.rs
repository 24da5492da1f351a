//! The consent page: what it checks, and where it sends the browser.

use xero_stand_in::control::{self, AppRegistration, Choice, ControlError, OrganisationChange, Tier};
use xero_stand_in::{ALEX, BLAKE, HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{CLIENT_ID, REDIRECT, SCOPES, World, app, authorise_url, bare, http, query_of, send};

async fn refused_page(url: &str) -> String {
    let answer = send(http().get(url)).await;
    assert_eq!(answer.status, 500, "{url}");
    assert!(answer.header("location").is_none());
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    answer.text
}

#[tokio::test]
async fn point_01_authorize_checks_client_redirect_and_scopes_and_otherwise_issues_a_code_with_the_state_untouched() {
    let stand_in = bare().await;
    stand_in.control().register_app(&app()).await.unwrap();
    let base = stand_in.xero_url();
    let good = authorise_url(base, SCOPES, "s p+ä/=");

    let location = control::consent(&good, Choice::allow(ALEX, HARBOUR_SOUND)).await.unwrap();
    assert!(location.starts_with(&format!("{REDIRECT}?")));
    assert_eq!(query_of(&location, "state").as_deref(), Some("s p+ä/="));
    assert!(query_of(&location, "code").is_some_and(|code| code.len() >= 32));
    assert!(query_of(&location, "session_state").is_some());

    assert!(refused_page(&good.replace(CLIENT_ID, "unknown")).await.contains("unauthorized_client"));
    assert!(refused_page(&good.replace(CLIENT_ID, "")).await.contains("unauthorized_client"));
    assert!(refused_page(&good.replace("callback", "callback%2F")).await.contains("Invalid redirect_uri"));
    let retired = authorise_url(base, "offline_access accounting.transactions", "x");
    assert!(refused_page(&retired).await.contains("invalid_scope"));
    let not_registered = authorise_url(base, "accounting.budgets.read", "x");
    assert!(refused_page(&not_registered).await.contains("Invalid scope for client"));
    let pkce = format!("{good}&code_challenge=abc&code_challenge_method=S256");
    assert!(refused_page(&pkce).await.contains("code_challenge"));

    let cancelled = control::consent(&good, Choice::Cancel).await.unwrap();
    assert_eq!(query_of(&cancelled, "error").as_deref(), Some("access_denied"));
    assert_eq!(query_of(&cancelled, "state").as_deref(), Some("s p+ä/="));
    assert_eq!(query_of(&cancelled, "code"), None);
}

#[tokio::test]
async fn a_redirect_address_is_https_or_localhost_by_name() {
    let stand_in = bare().await;
    for (uri, fine) in [
        ("https://app.example/cb", true),
        ("http://localhost:3000/cb", true),
        ("http://127.0.0.1:3000/cb", false),
        ("http://app.example/cb", false),
    ] {
        let registered = AppRegistration { redirect_uris: vec![uri.to_owned()], ..app() };
        assert_eq!(stand_in.control().register_app(&registered).await.is_ok(), fine, "{uri}");
    }
}

#[tokio::test]
async fn the_page_offers_the_organisations_of_whoever_signs_in() {
    let stand_in = bare().await;
    stand_in.control().register_app(&app()).await.unwrap();
    let url = authorise_url(stand_in.xero_url(), SCOPES, "x");
    let page = send(http().get(format!("{url}&stand_in_user={BLAKE}"))).await.text;
    assert!(page.contains("Harbour Sound Ltd") && !page.contains("Quayside Coaching"));
    let strangers = control::consent(&url, Choice::allow(BLAKE, QUAYSIDE_COACHING)).await;
    assert!(matches!(strangers, Err(ControlError::Refused { status: 500, .. })));
}

#[tokio::test]
async fn one_organisation_per_consent_unless_the_app_is_on_the_advanced_tier() {
    let both = Choice::Allow { user: Some(ALEX), tenants: vec![HARBOUR_SOUND, QUAYSIDE_COACHING] };
    let stand_in = bare().await;
    stand_in.control().register_app(&app()).await.unwrap();
    let url = authorise_url(stand_in.xero_url(), SCOPES, "x");
    assert!(control::consent(&url, both.clone()).await.is_err());
    let advanced = AppRegistration { tier: Tier::Advanced, certified: true, ..app() };
    stand_in.control().register_app(&advanced).await.unwrap();
    assert!(control::consent(&format!("{url}&acr_values=bulk_connect%3Afalse"), both.clone()).await.is_err());
    assert!(control::consent(&url, both).await.is_ok());
}

#[tokio::test]
async fn an_organisation_with_two_uncertified_apps_takes_no_third() {
    let stand_in = bare().await;
    stand_in.control().register_app(&app()).await.unwrap();
    let change = OrganisationChange { other_uncertified_apps: Some(2), ..OrganisationChange::default() };
    stand_in.control().change_organisation(HARBOUR_SOUND, &change).await.unwrap();
    let url = authorise_url(stand_in.xero_url(), SCOPES, "x");
    let blocked = control::consent(&url, Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert!(format!("{blocked:?}").contains("two uncertified apps"));
    stand_in.control().register_app(&AppRegistration { certified: true, ..app() }).await.unwrap();
    assert!(control::consent(&url, Choice::allow(ALEX, HARBOUR_SOUND)).await.is_ok());
}

#[tokio::test]
async fn a_starter_app_has_five_connections_and_no_sixth() {
    let starter = AppRegistration { tier: Tier::Starter, ..app() };
    let mut world = World::with(starter, SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    for number in 2..=6 {
        let organisation = control::NewOrganisation {
            name: format!("Organisation {number}"),
            members: [(ALEX, control::Role::Standard)].into(),
            ..control::NewOrganisation::default()
        };
        let tenant = world.control().add_organisation(&organisation).await.unwrap();
        if number < 6 {
            world.consent(SCOPES, &Choice::allow(ALEX, tenant)).await;
        } else {
            let url = authorise_url(world.stand_in.xero_url(), SCOPES, "x");
            let ended = control::consent(&url, Choice::allow(ALEX, tenant)).await.unwrap();
            assert_eq!(ended, world.url("/connectionLimit"), "Xero's own page");
            let blake = control::consent(&url, Choice::allow(BLAKE, HARBOUR_SOUND)).await.unwrap();
            assert_eq!(blake, ended, "before anything can be chosen");
            let page = send(world.http.get(ended)).await;
            assert_eq!(page.status, 200);
            assert!(!page.text.contains("href=") && !page.text.contains("<form"), "no way back: {}", page.text);
        }
    }
    assert_eq!(world.connections().await.len(), 5);
    world.consent(SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert_eq!(world.connections().await.len(), 5, "what is connected may be renewed");
}

#[tokio::test]
async fn who_does_not_choose_gets_the_first_organisation_of_the_first_user() {
    let mut world = World::connected().await;
    world.consent(SCOPES, &Choice::Allow { user: None, tenants: Vec::new() }).await;
    assert_eq!(world.connections().await[0]["tenantName"], "Harbour Sound Ltd");
}
