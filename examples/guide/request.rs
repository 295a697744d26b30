use aura_macros::tell;

tell! {
    #[namespace = "secure_request"]
    protocol SecureRequest {
        roles: Client, Server;

        Client[guard_capability = "chat:message:send", flow_cost = 50]
            -> Server: Request(RequestData);
        Server[guard_capability = "chat:message:send", flow_cost = 30, journal_facts = "answered"]
            -> Client: Response(ResponseData);
    }
}
