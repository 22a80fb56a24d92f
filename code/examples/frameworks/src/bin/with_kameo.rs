//! The counter with kameo: a type for each message, and a policy for restarts.

use std::error::Error;
use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::message::{Context, Message};
use kameo::supervision::RestartPolicy;

// ANCHOR: actor
#[derive(Actor, Clone, Default)]
struct Counter {
    total: u32,
}

struct Add(u32);
struct Total;
struct Crash;

impl Message<Add> for Counter {
    type Reply = ();

    async fn handle(&mut self, Add(number): Add, _: &mut Context<Self, ()>) {
        self.total += number;
    }
}

impl Message<Total> for Counter {
    type Reply = u32;

    async fn handle(&mut self, _: Total, _: &mut Context<Self, u32>) -> u32 {
        self.total
    }
}

impl Message<Crash> for Counter {
    type Reply = u32;

    async fn handle(&mut self, _: Crash, _: &mut Context<Self, u32>) -> u32 {
        panic!("a counter's bad day")
    }
}
// ANCHOR_END: actor

// ANCHOR: supervisor
#[derive(Actor)]
struct Supervisor;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let supervisor = Supervisor::spawn(Supervisor);
    let counter: ActorRef<Counter> = Counter::supervise(&supervisor, Counter::default())
        .restart_policy(RestartPolicy::Transient)
        .restart_limit(5, Duration::from_secs(10))
        .spawn()
        .await;
    counter.tell(Add(1)).await?;
    counter.tell(Add(2)).await?;
    println!("total: {}", counter.ask(Total).await?);

    // A question that kills the actor, and one behind it in the mailbox.
    let (killer, behind) = tokio::join!(async { counter.ask(Crash).await }, async {
        counter.ask(Total).await
    },);
    println!(
        "the killer: {:?}",
        killer.map_err(|error| error.to_string())
    );
    println!(
        "the one behind: {:?}",
        behind.map_err(|error| error.to_string())
    );
    println!("the old handle: {:?}", counter.ask(Total).await.ok());
    Ok(())
}
// ANCHOR_END: supervisor
