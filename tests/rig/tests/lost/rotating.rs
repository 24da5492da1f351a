//! When a token is refreshed, and a refresh that others come in between: what was overtaken is not stored, and what
//! another has stored is used.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rules::grant::{Grant, StoredToken, TokenPointer};
use rules::ports::{Answer, Connections as _, Grants, TokenVault as _, Written};
use rules::tokens::{LEASE, Memory, TokenFailure, Tokens};
use xero::{RefreshToken, XeroUserId};

use crate::lab::Lab;

/// What happens before the grant is looked at.
enum Before {
    Nothing,
    /// The process is slow.
    Passes(Duration),
    /// Somebody else stores a token.
    Stores(TokenPointer, StoredToken),
}

/// The grants, and what happens before each look at them.
struct Meanwhile<'a> {
    lab: &'a Lab,
    looks: Mutex<VecDeque<Before>>,
}

#[async_trait]
impl Grants for Meanwhile<'_> {
    async fn grant(&self, user: XeroUserId) -> Answer<Option<Grant>> {
        let next = self.looks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next.unwrap_or(Before::Nothing) {
            Before::Nothing => {}
            Before::Passes(time) => self.lab.world.clock.advance(time),
            Before::Stores(place, token) => {
                assert_eq!(self.lab.world.shelf.replace(&place, &token).await?, Written::Done)
            }
        }
        self.lab.world.shelf.grant(user).await
    }

    async fn put_grant(&self, grant: &mut Grant) -> Answer<Written> {
        self.lab.world.shelf.put_grant(grant).await
    }

    async fn delete_grant(&self, grant: &Grant) -> Answer<Written> {
        self.lab.world.shelf.delete_grant(grant).await
    }
}

/// What comes of a new access token while these happen, and the place of the refresh token with what it holds before.
struct Scene {
    lab: Lab,
    pointer: TokenPointer,
    stored: StoredToken,
}

impl Scene {
    async fn open() -> anyhow::Result<Self> {
        let lab = Lab::open().await?;
        let shelf = &lab.world.shelf;
        let pointer = shelf.grant(lab.tenant.user).await?.expect("somebody consented").token;
        let stored = shelf.stored(&pointer, &lab.tenant.account).await?.expect("it has a token");
        Ok(Self { lab, pointer, stored })
    }

    async fn access(
        &self,
        memory: &Memory,
        looks: impl IntoIterator<Item = Before>,
    ) -> anyhow::Result<Result<(), TokenFailure>> {
        let shelf = &self.lab.world.shelf;
        let grants = Meanwhile { lab: &self.lab, looks: Mutex::new(looks.into_iter().collect()) };
        let (identity, clock) = (&self.lab.xero.side.identity, &self.lab.world.clock);
        let tokens = Tokens { identity, vault: shelf, grants: &grants, leases: shelf, clock, memory };
        let connection = shelf.connection(&self.lab.tenant.account).await?.expect("it is connected");
        Ok(tokens.access(&connection).await.map(drop))
    }

    async fn is_unchanged(&self) -> anyhow::Result<bool> {
        let now = self.lab.world.shelf.stored(&self.pointer, &self.lab.tenant.account).await?;
        Ok(now.is_some_and(|now| now.token.expose() == self.stored.token.expose()))
    }
}

#[tokio::test]
async fn a_token_is_not_stored_when_the_lease_may_run_out_while_it_is() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let slow = scene.access(&Memory::default(), [Before::Passes(LEASE - Duration::from_secs(2))]).await?;
    assert!(matches!(slow, Err(TokenFailure::Busy)), "{slow:?}");
    assert!(scene.is_unchanged().await?, "it may have come over a newer one");

    let scene = Scene::open().await?;
    scene.access(&Memory::default(), [Before::Passes(LEASE / 2)]).await??;
    assert!(!scene.is_unchanged().await?);
    Ok(())
}

#[tokio::test]
async fn a_refused_token_is_no_lost_grant_when_another_was_stored_meanwhile() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let (place, newer) = (scene.pointer.clone(), scene.stored.clone());
    let older = StoredToken { token: RefreshToken::new("of long ago".to_owned()), ..newer.clone() };
    assert_eq!(scene.lab.world.shelf.replace(&place, &older).await?, Written::Done);
    scene.access(&Memory::default(), [Before::Nothing, Before::Stores(place.clone(), newer)]).await??;

    // And is one when there is none.
    assert_eq!(scene.lab.world.shelf.replace(&place, &older).await?, Written::Done);
    let refused = scene.access(&Memory::default(), []).await?;
    assert!(matches!(refused, Err(TokenFailure::Revoked)), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn an_access_token_is_not_used_when_it_may_expire_within_a_call() -> anyhow::Result<()> {
    let (mut scene, memory) = (Scene::open().await?, Memory::default());
    scene.access(&memory, []).await??;
    let shelf = &scene.lab.world.shelf;
    scene.stored = shelf.stored(&scene.pointer, &scene.lab.tenant.account).await?.expect("it has a token");
    // Xero's last half an hour.
    for (minutes, is_used) in [(27, true), (2, false)] {
        scene.lab.pass(minutes * 60).await?;
        scene.access(&memory, []).await??;
        assert_eq!(scene.is_unchanged().await?, is_used, "after {minutes} minutes more");
    }
    Ok(())
}
