//! The counter with ractor: an enum of messages, and a supervisor that hears of the panic.

use std::error::Error;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent, call, cast};
use tokio::sync::watch;

// ANCHOR: actor
enum Message {
    Add(u32),
    Total(RpcReplyPort<u32>),
    Crash(#[expect(dead_code, reason = "no one answers")] RpcReplyPort<u32>),
}

struct Counter;

impl Actor for Counter {
    type Msg = Message;
    type State = u32;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<u32, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        total: &mut u32,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Add(number) => *total += number,
            Message::Total(reply) => reply.send(*total)?,
            Message::Crash(_) => panic!("a counter's bad day"),
        }
        Ok(())
    }
}

// ANCHOR_END: actor

// ANCHOR: supervisor
/// Starts the counter, starts another one when it fails, and tells who it is.
struct Supervisor;

type Handle = watch::Sender<Option<ActorRef<Message>>>;

impl Actor for Supervisor {
    type Msg = ();
    type State = Handle;
    type Arguments = Handle;

    async fn pre_start(
        &self,
        me: ActorRef<()>,
        handle: Handle,
    ) -> Result<Handle, ActorProcessingErr> {
        let (counter, _) = Actor::spawn_linked(None, Counter, (), me.into()).await?;
        handle.send_replace(Some(counter));
        Ok(handle)
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        handle: &mut Handle,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            let (counter, _) = Actor::spawn_linked(None, Counter, (), me.into()).await?;
            handle.send_replace(Some(counter));
        }
        Ok(())
    }
}
// ANCHOR_END: supervisor

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (handle, mut handles) = watch::channel(None);
    Actor::spawn(None, Supervisor, handle).await?;
    let counter = handles.borrow_and_update().clone().ok_or("no counter")?;
    cast!(counter, Message::Add(1))?;
    cast!(counter, Message::Add(2))?;
    println!("total: {}", call!(counter, Message::Total)?);

    // A question that kills the actor, and one behind it in the mailbox.
    let (killer, behind) = tokio::join!(async { call!(counter, Message::Crash) }, async {
        call!(counter, Message::Total)
    },);
    println!("the killer: {killer:?}");
    println!("the one behind: {behind:?}");
    println!("the old handle: {:?}", call!(counter, Message::Total));
    handles.changed().await?;
    let counter = handles.borrow().clone().ok_or("no counter")?;
    println!("a new handle: {:?}", call!(counter, Message::Total));
    Ok(())
}
