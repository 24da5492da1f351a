//! An organisation that another account holds: who may take it, when, and what becomes of the one that loses it.

use aws::tokens::Store;
use jiff::SignedDuration;
use rules::AccountId;
use rules::connect::ConnectError;
use rules::connection::{Connection, ErrorReason, Status};
use rules::failure::{Cause, Failure};
use rules::lost;
use rules::ports::{Claims as _, Clock as _, Connections as _, Records as _, Written};
use rules::record::{Kind, Record, RecordKey};
use rules::tokens::Memory;
use rules::upkeep::{Outcome, Round, Task};
use xero::TenantId;
use xero_stand_in::control::Role;

use crate::inside::{Inside, Person, Silent, die_after};
use crate::stores::over_both_stores;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A holder and somebody else with a login to the same organisation.
struct Scene {
    inside: Inside,
    holder: AccountId,
    holders_person: Person,
    other: AccountId,
    others_person: Person,
    tenant: TenantId,
    connection: Connection,
}

impl Scene {
    async fn set(store: Store) -> anyhow::Result<Self> {
        let inside = Inside::over(store).await?;
        let (holder, other) = (inside.account()?, inside.account()?);
        let (holders_person, others_person) = (inside.person(1).await?, inside.person(0).await?);
        let tenant = holders_person.first()?;
        let role = Some(Role::Standard);
        inside.xero().change_role(*tenant.as_uuid(), *others_person.user.as_uuid(), role).await?;
        let connection = inside.connected(&holder, &holders_person, tenant).await?;
        Ok(Self { inside, holder, holders_person, other, others_person, tenant, connection })
    }

    /// The holder's connection is marked as lost, whatever Xero says.
    async fn lose(&self, reason: ErrorReason) -> anyhow::Result<()> {
        let inside = &self.inside;
        lost::lose_unless_renewed(&inside.table, &Silent, &inside.clock, &self.connection, reason).await?;
        assert_eq!(inside.connection(&self.holder).await?.error, Some(reason));
        Ok(())
    }

    /// A week in which upkeep looks at the holder every day.
    async fn week(&self) -> anyhow::Result<()> {
        for _ in 0..7 {
            self.inside.pass(DAY).await?;
            assert_eq!(self.inside.work(&self.holder, Task::CheckConnection).await, Outcome::Done);
        }
        Ok(())
    }

    async fn taken_by(&self, person: &Person) -> anyhow::Result<Result<Connection, ConnectError>> {
        self.inside.consent(&self.other, person.allows(&[self.tenant])).await
    }

    async fn assert_refused(&self, person: &Person) -> anyhow::Result<()> {
        let refused = self.taken_by(person).await?;
        assert!(matches!(refused, Err(ConnectError::OrganisationTaken)), "{refused:?}");
        assert_eq!(self.inside.table.holder(self.tenant).await?, Some(self.holder.clone()));
        let said = format!("{:?}", refused.unwrap_err());
        assert!(!said.contains(self.holder.as_str()), "{said}");
        assert_ne!(self.inside.connection(&self.other).await?.status, Status::Connected);
        Ok(())
    }

    async fn assert_moved(&self) -> anyhow::Result<()> {
        let (inside, mut connected) = (&self.inside, Vec::new());
        for account in [&self.holder, &self.other] {
            connected.push(inside.connection(account).await?.tenant());
        }
        assert_eq!(connected, [None, Some(self.tenant)]);
        assert_eq!(inside.table.holder(self.tenant).await?, Some(self.other.clone()));
        inside.use_token(&inside.connection(&self.other).await?).await
    }
}

async fn a_claim_that_its_account_does_not_use_is_free(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (never, gave_up, account) = (inside.account()?, inside.account()?, inside.account()?);
    let person = inside.person(2).await?;
    // One account died before it was connected, one after it was disconnected.
    inside.connected(&gave_up, &person, person.tenants[1]).await?;
    inside.disconnect().run(&gave_up).await?;
    for (holder, tenant) in [(never, person.tenants[0]), (gave_up, person.tenants[1])] {
        assert_eq!(inside.table.claim(tenant, &holder, None).await?, Written::Done);
        assert_eq!(inside.connected(&account, &person, tenant).await?.tenant(), Some(tenant));
        assert_eq!(inside.table.holder(tenant).await?, Some(account.clone()));
    }
    Ok(())
}

async fn what_was_lost_goes_to_the_same_xero_user_at_once(store: Store) -> anyhow::Result<()> {
    let scene = Scene::set(store).await?;
    let inside = &scene.inside;
    scene.lose(ErrorReason::GrantRevoked).await?;
    let key =
        RecordKey { account: scene.holder.clone(), tenant: scene.tenant, kind: Kind::Invoice, id: "inv_1".into() };
    let mut held = Record::new(key.clone(), "SES-1", inside.clock.now());
    held.hold(Failure::connection_lost(), inside.clock.now());
    assert_eq!(inside.table.put_record(&mut held).await?, Written::Done);

    scene.taken_by(&scene.holders_person).await??;
    scene.assert_moved().await?;
    let told = inside.told(&scene.holder, "connection.disconnected").await?;
    assert_eq!((told["reason"].as_str(), told["action"].as_str()), (Some("taken_over"), Some("connect")), "{told}");
    assert!(!told.to_string().contains(scene.other.as_str()), "{told}");
    assert_eq!(inside.at_xero(&scene.holders_person).await?, [scene.tenant]);

    // What waits there ends, the record stays the old account's, and the new one never sees it.
    assert_eq!(inside.work(&scene.holder, Task::Tidy).await, Outcome::Done);
    let ended = inside.table.record(&key).await?.unwrap();
    assert_eq!(ended.failure.map(|failure| failure.cause), Some(Cause::NotConnected));
    assert!(inside.table.records(&scene.other, scene.tenant, None, None).await?.records.is_empty());
    assert!(!inside.connection(&scene.holder).await?.has_loose_ends());
    Ok(())
}

async fn what_was_lost_goes_to_another_user_after_a_week_in_which_the_holder_was_told_twice(
    store: Store,
) -> anyhow::Result<()> {
    let scene = Scene::set(store).await?;
    let inside = &scene.inside;
    inside.xero().disconnect_app(*scene.tenant.as_uuid(), inside.client_id()).await?;
    assert_eq!(inside.work(&scene.holder, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(inside.connection(&scene.holder).await?.error, Some(ErrorReason::OrganisationGone));
    scene.assert_refused(&scene.others_person).await?;
    scene.week().await?;
    assert_eq!(inside.connection(&scene.holder).await?.loss.map(|loss| loss.told), Some(2));
    scene.taken_by(&scene.others_person).await??;
    scene.assert_moved().await?;
    assert_eq!(inside.at_xero(&scene.others_person).await?, [scene.tenant]);
    Ok(())
}

async fn a_week_in_which_nobody_told_the_holder_moves_nothing(store: Store) -> anyhow::Result<()> {
    let scene = Scene::set(store).await?;
    scene.inside.xero().disconnect_app(*scene.tenant.as_uuid(), scene.inside.client_id()).await?;
    scene.inside.work(&scene.holder, Task::CheckConnection).await;
    scene.inside.pass(DAY * 30).await?;
    scene.assert_refused(&scene.others_person).await
}

async fn a_holder_whom_xero_does_not_refuse_keeps_it_whatever_is_stored(store: Store) -> anyhow::Result<()> {
    let scene = Scene::set(store).await?;
    scene.assert_refused(&scene.others_person).await?;
    scene.assert_refused(&scene.holders_person).await?;
    // Stored as lost long ago and told twice; at this moment Xero takes the holder's token and lists the organisation.
    scene.lose(ErrorReason::GrantRevoked).await?;
    let mut stored = scene.inside.connection(&scene.holder).await?;
    assert!(stored.remind_of_loss(scene.inside.clock.now() + DAY * 3));
    assert_eq!(scene.inside.table.put_connection(&mut stored).await?, Written::Done);
    scene.inside.pass(DAY * 8).await?;
    scene.assert_refused(&scene.others_person).await?;
    assert_eq!(scene.inside.work(&scene.holder, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(scene.inside.connection(&scene.holder).await?.status, Status::Connected);
    Ok(())
}

async fn a_fault_that_can_be_put_right_moves_nothing_ever(store: Store) -> anyhow::Result<()> {
    for reason in [ErrorReason::AccessRefused, ErrorReason::PermissionWithheld] {
        let scene = Scene::set(store).await?;
        scene.lose(reason).await?;
        scene.inside.pass(DAY * 50).await?;
        scene.assert_refused(&scene.others_person).await?;
        scene.assert_refused(&scene.holders_person).await?;
    }
    Ok(())
}

async fn of_a_holder_that_revives_and_another_that_takes_over_at_once_one_is_connected(
    store: Store,
) -> anyhow::Result<()> {
    for steps in [0, 10, 20, 30, 40, 60] {
        let scene = Scene::set(store).await?;
        let inside = &scene.inside;
        scene.lose(ErrorReason::GrantRevoked).await?;
        let began = inside.come_back(&scene.other, scene.holders_person.allows(&[scene.tenant])).await?;
        let confirmation = inside.received(&began.query).await?;
        let connect = inside.connect();
        let taking = connect.confirm(&began.caller, &confirmation, &began.browser_key);
        let reviving = async {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            inside.work(&scene.holder, Task::CheckConnection).await
        };
        let (taken, _) = tokio::join!(taking, reviving);
        let (holder, other) = (inside.connection(&scene.holder).await?, inside.connection(&scene.other).await?);
        let owner = inside.table.holder(scene.tenant).await?;
        match taken {
            Ok(_) => assert_eq!((holder.tenant(), other.tenant()), (None, Some(scene.tenant)), "{steps}"),
            Err(_) => assert_eq!((holder.tenant(), other.tenant()), (Some(scene.tenant), None), "{steps}"),
        }
        let connected = if other.tenant().is_some() { &scene.other } else { &scene.holder };
        assert_eq!(owner.as_ref(), Some(connected), "{steps}");
    }
    Ok(())
}

async fn whoever_dies_taking_over_leaves_one_account_connected(store: Store) -> anyhow::Result<()> {
    let (mut steps, mut through) = (20, false);
    while !through {
        let scene = Scene::set(store).await?;
        let inside = &scene.inside;
        scene.lose(ErrorReason::GrantRevoked).await?;
        let began = inside.come_back(&scene.other, scene.holders_person.allows(&[scene.tenant])).await?;
        let confirmation = inside.received(&began.query).await?;
        let connect = inside.connect();
        through = die_after(steps, connect.confirm(&began.caller, &confirmation, &began.browser_key)).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        inside.pass(SignedDuration::from_mins(16)).await?;
        for account in [&scene.holder, &scene.other] {
            inside.work(account, Task::Tidy).await;
        }
        let connected: Vec<Option<TenantId>> = {
            let holder = inside.connection(&scene.holder).await?;
            let other = inside.table.connection(&scene.other).await?;
            vec![holder.tenant(), other.and_then(|other| other.tenant())]
        };
        let owner = inside.table.holder(scene.tenant).await?;
        if connected == [None, Some(scene.tenant)] {
            assert_eq!(owner, Some(scene.other.clone()), "after {steps} steps");
            scene.assert_moved().await?;
        } else {
            assert!(!through);
            assert_eq!((connected, owner), (vec![None, None], Some(scene.holder.clone())), "after {steps} steps");
        }
        steps += 12;
    }
    Ok(())
}

async fn what_one_account_leaves_over_and_another_is_offered_stays(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (one, other, person) = (inside.account()?, inside.account()?, inside.person(2).await?);
    let [a, b] = [person.tenants[0], person.tenants[1]];
    inside.connected(&one, &person, a).await?;
    // The other is offered both by a consent of the same user, and has not chosen when the first leaves.
    let offered = inside.consent(&other, person.allows(&[a, b])).await?;
    assert_eq!(offered?.choices.len(), 2);
    inside.disconnect().run(&one).await?;
    let mut left = inside.at_xero(&person).await?;
    left.sort_by_key(|tenant| *tenant.as_uuid());
    let mut both = vec![a, b];
    both.sort_by_key(|tenant| *tenant.as_uuid());
    assert_eq!(left, both, "what is offered is still there");
    inside.connect().choose(&other, a).await?;
    assert_eq!(inside.at_xero(&person).await?, [a]);
    inside.use_token(&inside.connection(&other).await?).await
}

async fn a_leftover_that_another_consent_has_renewed_is_none(store: Store) -> anyhow::Result<()> {
    use xero_stand_in::control::{Fault, FaultKind};
    let inside = Inside::over(store).await?;
    let (one, other, person) = (inside.account()?, inside.account()?, inside.person(2).await?);
    let [a, b] = [person.tenants[0], person.tenants[1]];
    // Another account shares the grant, so that leaving does not revoke all of it.
    inside.connected(&other, &person, b).await?;
    inside.connected(&one, &person, a).await?;
    inside.xero().fault(&Fault::once("token.client_credentials", FaultKind::DropBefore)).await?;
    inside.disconnect().run(&one).await?;
    assert_eq!(inside.connection(&one).await?.leftovers.len(), 1);
    // Before upkeep comes, the user consents again to the same organisation, for the account that begins anew.
    inside.connected(&one, &person, a).await?;
    assert_eq!(inside.work(&one, Task::Tidy).await, Outcome::Done);
    assert_eq!(inside.at_xero(&person).await?.len(), 2);
    inside.use_token(&inside.connection(&one).await?).await
}

async fn what_nobody_here_knows_of_is_found_at_xero_and_removed(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (known, person) = (inside.account()?, inside.person(1).await?);
    inside.connected(&known, &person, person.first()?).await?;
    // Allowed at Xero, and the browser never came back.
    let lost = inside.person(1).await?;
    inside.come_back(&inside.account()?, lost.allows(&lost.tenants)).await?;
    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    for (passed, left) in [(SignedDuration::ZERO, 1), (SignedDuration::from_mins(121), 0)] {
        inside.pass(passed).await?;
        inside.upkeep(&tokens).begin(Round::Orphans).await?;
        assert_eq!(inside.at_xero(&lost).await?.len(), left, "after {passed:?}");
        assert_eq!(inside.at_xero(&person).await?, person.tenants, "what is connected stays");
    }
    Ok(())
}

over_both_stores!(
    a_claim_that_its_account_does_not_use_is_free,
    what_was_lost_goes_to_the_same_xero_user_at_once,
    what_was_lost_goes_to_another_user_after_a_week_in_which_the_holder_was_told_twice,
    a_week_in_which_nobody_told_the_holder_moves_nothing,
    a_holder_whom_xero_does_not_refuse_keeps_it_whatever_is_stored,
    a_fault_that_can_be_put_right_moves_nothing_ever,
    of_a_holder_that_revives_and_another_that_takes_over_at_once_one_is_connected,
    whoever_dies_taking_over_leaves_one_account_connected,
    what_one_account_leaves_over_and_another_is_offered_stays,
    a_leftover_that_another_consent_has_renewed_is_none,
    what_nobody_here_knows_of_is_found_at_xero_and_removed,
);
