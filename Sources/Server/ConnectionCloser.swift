/// Closes a connection after an answer with the header "Connection: close", without waiting for the rest of the request.
import HTTPTypes
import NIOCore
import NIOHTTPTypes

final class ConnectionCloser: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// The answer that is being written is the last one.
  private var isLast = false
  private var isClosing = false

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head): isLast = head.headerFields[.connection] == "close"
    case .end where isLast:
      isClosing = true
      context.writeAndFlush(data, promise: promise)
      context.close(mode: .output, promise: nil)
      // Closing at once could reset the connection before the client has read the answer.
      let connection = NIOLoopBound(context, eventLoop: context.eventLoop)
      context.eventLoop.scheduleTask(in: .seconds(1)) { connection.value.close(promise: nil) }
      return
    default: break
    }
    context.write(data, promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isClosing { context.fireChannelRead(data) }
  }
}
