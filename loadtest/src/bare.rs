//! A server that does nothing but hand each frame to everybody else in its room: what any server on this stack costs at least.

use actix::{Actor, ActorContext as _, Addr, AsyncContext as _, Handler, Message, StreamHandler};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::net::TcpStream, web};
use actix_web_actors::ws;
use anyhow::Result;
use bytes::Bytes;
use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

#[derive(Message, Clone)]
#[rtype(result = "()")]
struct Frame(Bytes);

#[derive(Default)]
struct Rooms(Mutex<HashMap<String, Vec<Addr<Member>>>>);

impl Rooms {
    fn with<T>(&self, room: &str, act: impl FnOnce(&mut Vec<Addr<Member>>) -> T) -> T {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(rooms.entry(room.to_owned()).or_default())
    }
}

struct Member {
    room: String,
    rooms: web::Data<Rooms>,
}

impl Actor for Member {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4096);
        self.rooms.with(&self.room, |members| members.push(ctx.address()));
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.rooms
            .with(&self.room, |members| members.retain(|member| *member != ctx.address()));
    }
}

impl Handler<Frame> for Member {
    type Result = ();

    fn handle(&mut self, Frame(bytes): Frame, ctx: &mut Self::Context) {
        ctx.binary(bytes);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Member {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        match message {
            Ok(ws::Message::Binary(bytes)) => self.rooms.with(&self.room, |members| {
                for member in members.iter().filter(|member| **member != ctx.address()) {
                    // What does not fit is lost, and counted where it is missed.
                    drop(member.try_send(Frame(bytes.clone())));
                }
            }),
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Close(_)) | Err(_) => ctx.stop(),
            Ok(_) => {}
        }
    }
}

async fn join(
    request: HttpRequest,
    payload: web::Payload,
    room: web::Path<String>,
    rooms: web::Data<Rooms>,
) -> actix_web::Result<HttpResponse> {
    let member = Member {
        room: room.into_inner(),
        rooms,
    };
    ws::start(member, &request, payload)
}

/// Serves `ws://…/{room}` until it is killed; says where, as the server does.
///
/// # Errors
/// When it cannot listen.
pub fn serve() -> Result<()> {
    actix_web::rt::System::new().block_on(async {
        let rooms = web::Data::new(Rooms::default());
        let server = HttpServer::new(move || App::new().app_data(rooms.clone()).route("/{room}", web::get().to(join)))
            .workers(2)
            .on_connect(|stream, _| {
                if let Some(stream) = stream.downcast_ref::<TcpStream>() {
                    let _ = stream.set_nodelay(true);
                }
            })
            .bind("127.0.0.1:0")?;
        let address = server.addrs().first().copied();
        if let Some(address) = address {
            writeln!(std::io::stdout(), "{}http://{address}", crate::process::READY)?;
        }
        Ok(server.run().await?)
    })
}
